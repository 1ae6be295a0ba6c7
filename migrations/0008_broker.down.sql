DROP TABLE corporate_actions;
ALTER TABLE evaluations DROP COLUMN order_result;
ALTER TABLE fills DROP COLUMN reason, DROP COLUMN slippage_usd, DROP COLUMN fill_key;
DROP INDEX orders_position;
DROP INDEX orders_one_entry;
ALTER TABLE orders
    DROP COLUMN requested_by, DROP COLUMN half_spread_bps, DROP COLUMN adv_shares,
    DROP COLUMN sigma_daily, DROP COLUMN expires_at, DROP COLUMN not_before,
    DROP COLUMN triggered, DROP COLUMN exit_reason, DROP COLUMN purpose;
ALTER TABLE positions
    DROP COLUMN parameters, DROP COLUMN unpriced_reason, DROP COLUMN unpriced_since,
    DROP COLUMN exit_reason, DROP COLUMN regime, DROP COLUMN entry_day, DROP COLUMN seen_low,
    DROP COLUMN seen_high, DROP COLUMN seen_day, DROP COLUMN low_price, DROP COLUMN high_price,
    DROP COLUMN trail_high, DROP COLUMN time_exit, DROP COLUMN atr, DROP COLUMN trail_atr,
    DROP COLUMN target_pct, DROP COLUMN stop_pct, DROP COLUMN bought, DROP COLUMN cost_usd;
