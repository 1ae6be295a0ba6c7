DROP FUNCTION ledger_proof();
DROP FUNCTION broker_mark(date);
DROP FUNCTION broker_action(text, date, double precision, numeric, numeric);
DROP FUNCTION broker_split(positions, bigint, numeric, double precision, date);
DROP FUNCTION broker_move_stop(bigint, numeric, text, numeric);
DROP FUNCTION broker_unpriced(bigint, text, timestamptz);
DROP FUNCTION broker_seen(jsonb);
DROP FUNCTION broker_leg(bigint, text);
DROP FUNCTION broker_fill(uuid, text, bigint, numeric, numeric, numeric, timestamptz, date, text);
DROP FUNCTION broker_affordable(orders, bigint, numeric, numeric);
DROP FUNCTION broker_fill_exit(orders, positions, bigint, numeric, numeric, timestamptz, text,
                               uuid);
DROP FUNCTION broker_fill_entry(orders, positions, bigint, numeric, numeric, timestamptz, date,
                                uuid);
DROP FUNCTION broker_finish(positions, text, text, timestamptz);
DROP FUNCTION broker_protect(positions, orders, timestamptz);
DROP FUNCTION broker_close(text, text, text, text, text);
DROP FUNCTION broker_order_exit(bigint, text, text, text, text);
DROP FUNCTION broker_trigger(uuid);
DROP FUNCTION broker_expire(uuid);
DROP FUNCTION broker_cancel_entry(uuid, text);
DROP FUNCTION broker_cover(bigint, bigint);
DROP FUNCTION broker_enter_slot(timestamptz, timestamptz);
DROP FUNCTION broker_enter(bigint, timestamptz);
DROP FUNCTION broker_open(evaluations, jsonb, bigint, timestamptz);
DROP FUNCTION parameter_now(text, numeric);
DROP FUNCTION broker_leave(evaluations, text);
DROP FUNCTION broker_refusal(evaluations, control_state, timestamptz);
DROP FUNCTION broker_half_spread(text);
DROP VIEW position_sums;
DROP FUNCTION broker_cash();
DROP FUNCTION ledger_move(uuid, text, text, text, numeric, text, timestamptz);
DROP FUNCTION broker_uuid(text);
ALTER TABLE equity_marks DROP COLUMN parts, DROP COLUMN ledger_to;
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
