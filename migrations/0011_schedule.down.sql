DROP FUNCTION housekeeping();
DROP TABLE day_plan;
