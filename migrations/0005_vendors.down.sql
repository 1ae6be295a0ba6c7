DROP TABLE vendor_refusals, vendor_cache, vendor_calls, vendor_quota;
DROP FUNCTION vendor_day(integer);
