DROP INDEX evaluations_no_edge;
ALTER TABLE schedule_state ADD COLUMN scenario text NOT NULL DEFAULT 'calm';
DROP TABLE demo_scenario;
DROP FUNCTION day_means(integer);
DROP FUNCTION schedule_reach(text, bigint, timestamptz, jsonb);
DROP FUNCTION housekeeping();
ALTER TABLE positions DROP COLUMN looked_at;
DROP TABLE day_plan;
