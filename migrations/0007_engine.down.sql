ALTER TABLE evaluations DROP COLUMN slot_at;
ALTER TABLE evaluations DROP COLUMN job_id;
DROP TABLE control_state;
DROP TABLE schedule_state;
DROP TABLE jobs;
DROP TABLE leader;
DROP TABLE engines;
