DROP FUNCTION variant_tried(text, numeric, date, date, text);
DROP TABLE variants_tried;
CREATE OR REPLACE FUNCTION broker_open(e evaluations, facts jsonb, n bigint, expires timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    opened bigint;
    traded numeric := (facts->'indicators'->>'dollar_volume_20')::numeric;  -- dollars a day
    yearly double precision := (facts->'indicators'->>'vol_60')::double precision;  -- percent
BEGIN
    INSERT INTO positions (symbol, sector, state, evaluation_id, quantity, stop_pct, target_pct,
                           atr, trail_atr, time_exit, regime, parameters, opened_at)
    SELECT e.symbol, COALESCE(facts->'profile'->>'sector', ''), 'OPENING', e.id, 0,
           e.stop_loss_pct, NULLIF(e.take_profit_pct, 0),
           (facts->'indicators'->>'atr')::double precision,
           (SELECT value FROM parameter_now('trail_atr', 3)),
           (SELECT value FROM parameter_now('time_exit', 20)), e.regime,
           COALESCE((SELECT jsonb_object_agg(v.name, v.id)
                     FROM (SELECT name, max(id) AS id FROM parameter_versions GROUP BY name) v),
                    '{}'), desk_now()
    RETURNING id INTO opened;
    INSERT INTO orders (id, position_id, evaluation_id, symbol, side, kind, quantity, reserved_usd,
                        state, purpose, not_before, expires_at, sigma_daily, adv_shares,
                        half_spread_bps, requested_by, created_at)
    VALUES (broker_uuid('entry ' || e.id), opened, e.id, e.symbol, 'BUY', 'MARKET', n,
            round(n * e.price * 1.02, 6), 'OPEN', 'ENTRY', e.as_of, expires,
            yearly / 100 / sqrt(252), traded / e.price, broker_half_spread(e.symbol),
            e.requested_by, desk_now());
    RETURN opened;
END
$$;
ALTER TABLE evaluations DROP COLUMN parameters;
DROP FUNCTION parameters_in_force();
DROP TABLE parameters;
-- "Off" is what it was before: no version.
UPDATE positions p SET parameters = (SELECT COALESCE(jsonb_object_agg(j.key, j.value), '{}')
    FROM jsonb_each(p.parameters) j WHERE NOT EXISTS (SELECT FROM parameter_versions v
        WHERE v.id = (j.value #>> '{}')::bigint AND v.value IS NULL));
DELETE FROM parameter_versions WHERE value IS NULL;
ALTER TABLE parameter_versions ALTER COLUMN value SET NOT NULL;
