-- What the desk may change of itself, and nothing else (docs/learning.md). A value in force is the
-- highest id of a name in parameter_versions, else the baseline; NULL is "off".
ALTER TABLE parameter_versions ALTER COLUMN value DROP NOT NULL;

CREATE TABLE parameters (
    name     text PRIMARY KEY,
    position integer NOT NULL UNIQUE,
    title    text NOT NULL,
    unit     text NOT NULL,
    low      numeric(18,6) NOT NULL,
    high     numeric(18,6) NOT NULL CHECK (high > low),
    step     numeric(18,6) NOT NULL CHECK (step > 0),
    baseline numeric(18,6) CHECK (baseline BETWEEN low AND high),  -- NULL: off
    risk     text NOT NULL CHECK (risk IN ('rises', 'falls', 'both')),  -- when the value rises
    class    text NOT NULL CHECK (class IN ('exit', 'size', 'filter')),
    does     text NOT NULL,
    CHECK (baseline IS NOT NULL OR class = 'filter')
);
COMMENT ON COLUMN parameters.risk IS
    'which way loss of a trade, exposure and number of trades go when the value rises';
INSERT INTO parameters VALUES
('stop_mult', 1, 'stop distance', 'x beta x ATR', 1, 3, 0.25, 1.5, 'rises', 'exit',
 'how far below the entry the stop of a new position is'),
('target_mult', 2, 'target distance', 'x beta x ATR', 2, 6, 0.5, 4, 'both', 'exit',
 'how far above the entry the target of a new position is'),
('time_exit', 3, 'time limit', 'sessions', 5, 60, 5, 20, 'rises', 'exit',
 'after how many sessions a new position is closed whatever its price'),
('trail_atr', 4, 'trailing stop', 'x ATR', 1.5, 6, 0.5, 3, 'rises', 'exit',
 'how far below its highest close a position in profit of 1 R is stopped'),
('exploration_pct', 5, 'exploration size', '% of equity', 1, 5, 1, 5, 'rises', 'size',
 'size of a position while there are too few results to size by'),
('rsi_max', 6, 'highest RSI', 'RSI', 60, 90, 5, NULL, 'rises', 'filter',
 'no entry above this RSI'),
('min_volume_ratio', 7, 'least volume', 'x 20-session mean', 0, 2, 0.1, NULL, 'falls', 'filter',
 'no entry on a session with less volume than this share of the mean'),
('min_confidence', 8, 'least confidence', '%', 50, 80, 5, NULL, 'falls', 'filter',
 'no entry when the agreeing votes state less confidence than this on average');
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_app') THEN
        REVOKE INSERT, UPDATE ON parameters FROM quorum_app;
    END IF;
END
$$;

-- The versions in force, as a decision or position keeps them.
CREATE FUNCTION parameters_in_force() RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN COALESCE((SELECT jsonb_object_agg(v.name, v.id)
                     FROM (SELECT name, max(id) AS id FROM parameter_versions GROUP BY name) v),
                    '{}');
END
$$;

ALTER TABLE evaluations ADD COLUMN parameters jsonb;
COMMENT ON COLUMN evaluations.parameters IS
    'of a BUY: name: id in parameter_versions, as they were when it was sized; a name without a '
    'version is absent';

-- A position keeps to the versions its decision was made with.
CREATE OR REPLACE FUNCTION broker_open(e evaluations, facts jsonb, n bigint, expires timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    opened bigint;
    versions jsonb := COALESCE(e.parameters, parameters_in_force());
    traded numeric := (facts->'indicators'->>'dollar_volume_20')::numeric;  -- dollars a day
    yearly double precision := (facts->'indicators'->>'vol_60')::double precision;  -- percent
BEGIN
    INSERT INTO positions (symbol, sector, state, evaluation_id, quantity, stop_pct, target_pct,
                           atr, trail_atr, time_exit, regime, parameters, opened_at)
    SELECT e.symbol, COALESCE(facts->'profile'->>'sector', ''), 'OPENING', e.id, 0,
           e.stop_loss_pct, NULLIF(e.take_profit_pct, 0),
           (facts->'indicators'->>'atr')::double precision,
           COALESCE((SELECT v.value FROM parameter_versions v
                     WHERE v.id = (versions->>'trail_atr')::bigint), 3),
           COALESCE((SELECT v.value FROM parameter_versions v
                     WHERE v.id = (versions->>'time_exit')::bigint), 20),
           e.regime, versions, desk_now()
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

-- Values compared with the past (whatif), so that the best of many is not taken for proof.
CREATE TABLE variants_tried (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parameter  text NOT NULL REFERENCES parameters,
    value      numeric(18,6),  -- NULL: off
    from_day   date NOT NULL,  -- of the window of candidates
    to_day     date NOT NULL,
    tried_by   text NOT NULL,
    tried_at   timestamptz NOT NULL DEFAULT desk_now()
);
CREATE INDEX variants_tried_window ON variants_tried (to_day);

-- Notes it and returns how many different values were tried on windows that share at least half of
-- the shorter one's days, with those that cycles have compared: they see every decision stored.
CREATE FUNCTION variant_tried(of_parameter text, to_value numeric, first date, last date, who text)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO variants_tried (parameter, value, from_day, to_day, tried_by)
    SELECT of_parameter, to_value, first, last, who
    WHERE NOT EXISTS (SELECT FROM variants_tried t WHERE t.parameter = of_parameter
                      AND t.value IS NOT DISTINCT FROM to_value
                      AND t.from_day = first AND t.to_day = last);
    RETURN (SELECT count(*) FROM (
        SELECT DISTINCT t.parameter, t.value FROM variants_tried t
        WHERE 2 * (LEAST(t.to_day, last) - GREATEST(t.from_day, first) + 1)
              >= LEAST(t.to_day - t.from_day, last - first) + 1
        UNION SELECT c.parameter, c.new_value FROM learning_changes c) d);
END
$$;
