-- Down: what 0017_hints.up.sql made.

DROP FUNCTION hint() CASCADE;
