DROP FUNCTION outcomes_store(jsonb, jsonb, jsonb);
DROP FUNCTION outcomes_open(date);
DROP TABLE outcomes_progress;
DROP TABLE vote_scores;
DROP TABLE shadow_outcomes;
ALTER TABLE evaluations DROP COLUMN barrier_target_pct, DROP COLUMN barrier_stop_pct;
