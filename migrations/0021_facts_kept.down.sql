-- Down: what 0021_facts_kept.up.sql made.

DROP TABLE evaluation_facts;
