-- Guards: what may be risked, and what stops new risk. Alerts, and who is looking.

-- A breaker that tripped blocks entries until `until` (NULL: until it clears by its own rule or a
-- person resets it). Rows, not variables: a restart forgets nothing.
CREATE TABLE breakers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id integer NOT NULL DEFAULT 1 REFERENCES accounts,
    name       text NOT NULL CHECK (name IN ('daily_loss', 'weekly_loss', 'drawdown')),
    reason     text NOT NULL,
    tripped_at timestamptz NOT NULL DEFAULT desk_now(),
    until      timestamptz,
    cleared_at timestamptz,
    cleared_by text,
    rearm_pct  numeric  -- after a person's reset: it trips again at this, not at its limit
);
CREATE UNIQUE INDEX breakers_open ON breakers (account_id, name) WHERE cleared_at IS NULL;
CREATE INDEX breakers_latest ON breakers (account_id, name, id DESC);

CREATE TABLE alerts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule       text NOT NULL,
    object     text NOT NULL DEFAULT '',  -- "position 12", "adjustment 17", a symbol
    severity   text NOT NULL CHECK (severity IN ('i', 'W', 'C')),
    text       text NOT NULL,
    fix        text NOT NULL DEFAULT '',  -- what to do
    raised_at  timestamptz NOT NULL DEFAULT desk_now(),
    cleared_at timestamptz,
    acked_at   timestamptz,
    acked_by   text
);
CREATE UNIQUE INDEX alerts_open ON alerts (rule, object) WHERE cleared_at IS NULL;
CREATE INDEX alerts_raised ON alerts (raised_at DESC);
CREATE INDEX alerts_object ON alerts (rule, object, id DESC);

CREATE TABLE alert_mutes (
    rule     text PRIMARY KEY,
    until    timestamptz NOT NULL,  -- machine time: a person's two hours
    muted_by text NOT NULL
);

CREATE TABLE console_sessions (
    id         uuid PRIMARY KEY,
    operator   text NOT NULL,
    origin     text NOT NULL,
    kind       text NOT NULL,  -- console, plain, follow
    read_only  boolean NOT NULL DEFAULT false,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz
);

-- ---- days, words

-- Sessions by the exchange's rules alone. The program's calendar knows the one-off closures too;
-- what is counted here (a cool-down of three sessions) may end one session early around them.
CREATE FUNCTION exchange_session(day date) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    y integer := extract(year FROM day);
    m integer := extract(month FROM day);
    d integer := extract(day FROM day);
    w integer := extract(dow FROM day);
    nth integer := (extract(day FROM day)::integer - 1) / 7 + 1;
    -- Easter by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8).
    a integer := y % 19;
    b integer := y / 100;
    h integer := (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    l integer := (32 + 2 * (b % 4) + 2 * (y % 100 / 4) - h - y % 100 % 4) % 7;
    after_march_22 integer := h + l - 7 * ((a + 11 * h + 22 * l) / 451);
BEGIN
    RETURN w NOT IN (0, 6) AND NOT (
        (m = 1 AND (d = 1 OR (d = 2 AND w = 1) OR (w = 1 AND nth = 3)))
        OR (m = 2 AND w = 1 AND nth = 3)
        OR day = make_date(y, 3, 22) + after_march_22 - 2
        OR (m = 5 AND w = 1 AND d > 24)
        OR (m = 6 AND y >= 2022 AND (d = 19 OR (d = 18 AND w = 5) OR (d = 20 AND w = 1)))
        OR (m = 7 AND (d = 4 OR (d = 3 AND w = 5) OR (d = 5 AND w = 1)))
        OR (m = 9 AND w = 1 AND d <= 7)
        OR (m = 11 AND w = 4 AND nth = 4)
        OR (m = 12 AND (d = 25 OR (d = 24 AND w = 5) OR (d = 26 AND w = 1))));
END
$$;
CREATE FUNCTION exchange_now() RETURNS timestamp LANGUAGE sql STABLE AS $$
    SELECT desk_now() AT TIME ZONE 'America/New_York'
$$;
CREATE FUNCTION exchange_midnight(day date) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT day::timestamp AT TIME ZONE 'America/New_York'
$$;
CREATE FUNCTION percent_text(x numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT trim_scale(round(x, 2)) || ' %'
$$;
CREATE FUNCTION minute_text(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI"Z"')
$$;

-- ---- the account as it stands

-- Every limit, once; percent of equity where no other unit is said. quant.md 2.3 and 2.4 of the
-- design, docs/guards.md.
CREATE FUNCTION guard_limit(rule text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE rule
        WHEN 'reserve' THEN 2            -- cash that stays
        WHEN 'slip' THEN 0.05            -- of the price, for spread and slippage of an entry
        WHEN 'gross' THEN 100
        WHEN 'symbol' THEN 5
        WHEN 'sector' THEN 25
        WHEN 'positions' THEN 10         -- positions
        WHEN 'position_risk' THEN 0.5    -- lost at the stop, one position
        WHEN 'total_risk' THEN 5         -- lost if every stop is hit
        WHEN 'daily_loss' THEN 3
        WHEN 'weekly_loss' THEN 6
        WHEN 'drawdown' THEN 20          -- below the peak
        WHEN 'drawdown_clear' THEN 15
        WHEN 'cool_down' THEN 3          -- sessions
        END
$$;

-- day_start, week_start: equity of the last mark before today and before this week; before the
-- first mark the capital.
CREATE FUNCTION account_figures(account integer, OUT today date, OUT cash numeric,
    OUT reserved numeric, OUT equity numeric, OUT day_start numeric, OUT week_start numeric,
    OUT peak numeric)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    capital numeric;
    last equity_marks;
BEGIN
    today := exchange_now()::date;
    SELECT COALESCE(sum(l.amount_usd), 0) INTO cash
    FROM ledger l WHERE l.account_id = account AND l.book = 'cash';
    SELECT -COALESCE(sum(l.amount_usd), 0) INTO capital
    FROM ledger l WHERE l.account_id = account AND l.book = 'capital';
    SELECT COALESCE(sum(o.reserved_usd), 0) INTO reserved
    FROM orders o WHERE o.account_id = account AND o.state = 'OPEN';
    SELECT cash + COALESCE(sum(p.quantity * COALESCE(p.last_price, p.entry_price)), 0) INTO equity
    FROM positions p WHERE p.account_id = account AND p.closed_at IS NULL;
    SELECT * INTO last FROM equity_marks e WHERE e.account_id = account
    ORDER BY e.session DESC LIMIT 1;
    peak := GREATEST(COALESCE(last.peak_usd, capital), equity);
    IF last.session >= today THEN
        SELECT * INTO last FROM equity_marks e WHERE e.account_id = account AND e.session < today
        ORDER BY e.session DESC LIMIT 1;
    END IF;
    day_start := COALESCE(last.equity_usd, capital);
    IF last.session >= date_trunc('week', today)::date THEN
        SELECT * INTO last FROM equity_marks e
        WHERE e.account_id = account AND e.session < date_trunc('week', today)::date
        ORDER BY e.session DESC LIMIT 1;
    END IF;
    week_start := COALESCE(last.equity_usd, capital);
END
$$;

-- ---- breakers

-- Where each breaker stands: percent lost, the percent at which it trips (its limit, or what a
-- person's reset of the same day, week or drawdown moved it to), and the open row if it did.
CREATE FUNCTION breaker_levels(today date, equity numeric, day_start numeric, week_start numeric,
    peak numeric)
RETURNS TABLE (name text, value numeric, guard_limit numeric, until timestamptz, open_id bigint,
               tripped_at timestamptz, reason text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT v.name, CASE WHEN v.base > 0 THEN GREATEST(100 * (1 - equity / v.base), 0) ELSE 100 END,
           COALESCE(CASE WHEN b.cleared_at IS NOT NULL AND b.tripped_at >= v.since
                         THEN b.rearm_pct END, guard_limit(v.name)),
           CASE WHEN b.cleared_at IS NULL THEN b.until ELSE v.until END,
           CASE WHEN b.cleared_at IS NULL THEN b.id END,
           CASE WHEN b.cleared_at IS NULL THEN b.tripped_at END, b.reason
    FROM (VALUES ('daily_loss', day_start, exchange_midnight(today),
                  exchange_midnight(today + 1)),
                 ('weekly_loss', week_start,
                  exchange_midnight(date_trunc('week', today)::date),
                  exchange_midnight(date_trunc('week', today)::date + 7)),
                 ('drawdown', peak, '-infinity'::timestamptz, NULL::timestamptz))
             AS v (name, base, since, until)
    LEFT JOIN LATERAL (SELECT * FROM breakers k WHERE k.account_id = 1 AND k.name = v.name
                       ORDER BY k.id DESC LIMIT 1) b ON true;
END
$$;

-- ---- the guards

-- What each rule says about a new position: value, limit and distance in its unit, whether it
-- blocks, and how many shares it leaves (NULL: no say). Called inside the transaction that creates
-- an entry order, which holds the account's lock, and by everybody who wants to know. Entry orders
-- that are open count as filled. stop_pct: 3.2 is 3.2 % below the price. price NULL: no size is in
-- question, only what is full already blocks. symbol NULL: the account; the rules about single
-- symbols then show the fullest one. An exit never asks.
CREATE FUNCTION guards(symbol text, price numeric, stop_pct double precision, sector text)
RETURNS TABLE (name text, value numeric, guard_limit numeric, unit text, distance numeric,
               blocks boolean, max_shares bigint, text text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    f record;
    c record;
    x record;
    days bigint;
    lost_on date;
    percent numeric;                       -- of equity, dollars
    risk_a_share numeric := price * stop_pct::numeric / 100;
    known_sector text := COALESCE(sector, '');
BEGIN
    IF price <= 0 OR stop_pct <= 0 OR (price IS NOT NULL AND symbol IS NULL) THEN
        RAISE EXCEPTION 'guards: symbol %, price %, stop %', symbol, price, stop_pct
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO f FROM account_figures(1);
    SELECT * INTO c FROM control_state;
    percent := GREATEST(f.equity, 0) / 100;
    -- What is held, and what open entry orders will add.
    WITH held AS (
        SELECT p.symbol, p.sector, p.quantity * COALESCE(p.last_price, p.entry_price) AS usd,
               p.quantity * GREATEST(COALESCE(p.last_price, p.entry_price)
                                     - COALESCE(p.stop_price, 0), 0) AS risk
        FROM positions p WHERE p.account_id = 1 AND p.closed_at IS NULL
        UNION ALL
        SELECT o.symbol, COALESCE(p.sector, ''), (o.quantity - o.filled) * w.price,
               (o.quantity - o.filled) * LEAST(w.price, GREATEST(0,
                   COALESCE(w.price - p.stop_price,
                            w.price * e.stop_loss_pct::numeric / 100, w.price)))
        FROM orders o LEFT JOIN positions p ON p.id = o.position_id
            LEFT JOIN evaluations e ON e.id = o.evaluation_id
            CROSS JOIN LATERAL (SELECT COALESCE(p.last_price, o.limit_price, e.price,
                                                o.reserved_usd / o.quantity) AS price) w
        WHERE o.account_id = 1 AND o.state = 'OPEN' AND o.purpose = 'ENTRY'
    ), by_symbol AS (
        SELECT h.symbol, sum(h.usd) AS usd, sum(h.risk) AS risk FROM held h GROUP BY h.symbol
    ), by_sector AS (
        SELECT h.sector, sum(h.usd) AS usd FROM held h WHERE h.sector <> '' GROUP BY h.sector
    ), one AS (
        SELECT b.symbol, b.usd FROM by_symbol b
        WHERE guards.symbol IS NULL OR b.symbol = guards.symbol ORDER BY b.usd DESC LIMIT 1
    ), riskiest AS (
        SELECT b.symbol, b.risk FROM by_symbol b
        WHERE guards.symbol IS NULL OR b.symbol = guards.symbol ORDER BY b.risk DESC LIMIT 1
    ), fullest AS (
        SELECT b.sector, b.usd FROM by_sector b
        WHERE guards.symbol IS NULL OR b.sector = known_sector ORDER BY b.usd DESC LIMIT 1
    )
    SELECT COALESCE((SELECT sum(usd) FROM held), 0) AS gross,
           COALESCE((SELECT sum(risk) FROM held), 0) AS risk,
           (SELECT count(*) FROM by_symbol) AS positions,
           (SELECT count(*) FROM by_symbol b WHERE b.symbol = guards.symbol) AS holding,
           COALESCE((SELECT usd FROM one), 0) AS in_symbol,
           (SELECT one.symbol FROM one) AS of_symbol,
           COALESCE((SELECT riskiest.risk FROM riskiest), 0) AS symbol_risk,
           (SELECT riskiest.symbol FROM riskiest) AS of_risk,
           COALESCE((SELECT usd FROM fullest), 0) AS in_sector,
           (SELECT fullest.sector FROM fullest) AS of_sector INTO x;

    name := 'control'; unit := 'state'; blocks := c.state <> 'RUNNING';
    max_shares := CASE WHEN blocks THEN 0 END;
    text := CASE WHEN blocks THEN format('the desk is %s since %s by %s (%s)', c.state,
                                         minute_text(c.set_at), c.set_by, c.reason) ELSE '' END;
    RETURN NEXT;

    name := 'cash'; unit := '$';
    value := f.cash - f.reserved; guard_limit := percent * guard_limit('reserve');
    distance := value - guard_limit;
    max_shares := div(GREATEST(distance, 0), price * (1 + guard_limit('slip') / 100));
    blocks := COALESCE(max_shares < 1, distance <= 0);
    text := CASE WHEN blocks THEN format('$%s after the reserve of %s and open orders',
                                         round(distance, 2), percent_text(guard_limit('reserve')))
            ELSE '' END;
    RETURN NEXT;

    RETURN QUERY
    SELECT r.name, round(r.used / NULLIF(percent, 0), 6), guard_limit(r.name), '%'::text,
           round(guard_limit(r.name) - r.used / NULLIF(percent, 0), 6),
           s.blocks, s.shares,
           CASE WHEN s.blocks THEN format('%s %s of %s allowed%s', r.words,
                    COALESCE(percent_text(r.used / NULLIF(percent, 0)), 'no equity'),
                    percent_text(guard_limit(r.name)),
                    CASE WHEN r.used < percent * guard_limit(r.name)
                         THEN ': not one share fits' ELSE '' END)
                WHEN guards.symbol IS NULL THEN COALESCE(r.of, '') ELSE '' END
    FROM (VALUES
        ('gross', x.gross, price, true, 'invested, with open orders:', NULL),
        ('symbol', x.in_symbol, price, guards.symbol IS NOT NULL,
         COALESCE(guards.symbol, '') || ':', x.of_symbol),
        ('sector', x.in_sector, price, guards.symbol IS NOT NULL, known_sector || ':',
         x.of_sector),
        ('position_risk', x.symbol_risk, risk_a_share, guards.symbol IS NOT NULL,
         'at risk down to the stop:', x.of_risk),
        ('total_risk', x.risk, risk_a_share, true, 'at risk if every stop is hit:', NULL))
        AS r (name, used, a_share, may_block, words, of)
    CROSS JOIN LATERAL (
        SELECT div(GREATEST(percent * guard_limit(r.name) - r.used, 0), r.a_share)::bigint
               AS shares) n
    CROSS JOIN LATERAL (
        SELECT n.shares, r.may_block AND
               COALESCE(n.shares < 1, r.used >= percent * guard_limit(r.name)) AS blocks) s
    WHERE r.name <> 'sector' OR guards.symbol IS NULL OR known_sector <> '';

    IF symbol IS NOT NULL AND known_sector = '' THEN
        name := 'sector'; value := NULL; guard_limit := guard_limit('sector'); unit := '%';
        distance := NULL; blocks := false; max_shares := NULL;
        text := 'not applied: the sector is not known';
        RETURN NEXT;
    END IF;
    IF price IS NOT NULL AND stop_pct IS NULL THEN
        name := 'stop'; value := NULL; guard_limit := NULL; unit := '%'; distance := NULL;
        blocks := true; max_shares := 0; text := 'no stop is known: the risk has no bound';
        RETURN NEXT;
    END IF;

    name := 'positions'; value := x.positions; guard_limit := guard_limit('positions');
    unit := 'positions'; distance := guard_limit - value; blocks := value >= guard_limit;
    max_shares := CASE WHEN blocks THEN 0 END;
    text := CASE WHEN blocks THEN format('%s positions are open or ordered', value) ELSE '' END;
    RETURN NEXT;

    RETURN QUERY
    SELECT b.name, round(b.value, 6), b.guard_limit, '%'::text,
           round(b.guard_limit - b.value, 6), t.blocks,
           CASE WHEN t.blocks THEN 0::bigint END,
           CASE WHEN NOT t.blocks THEN ''
                WHEN b.open_id IS NULL THEN percent_text(b.value) || ' lost'
                ELSE format('%s; tripped %s, until %s or quorum guards reset %s', b.reason,
                            minute_text(b.tripped_at), COALESCE(minute_text(b.until), 'below ' ||
                            percent_text(guard_limit('drawdown_clear'))), b.name) END
    FROM breaker_levels(f.today, f.equity, f.day_start, f.week_start, f.peak) b
    CROSS JOIN LATERAL (
        SELECT b.value >= b.guard_limit
               OR (b.open_id IS NOT NULL AND COALESCE(b.until > desk_now(), true)) AS blocks) t;

    IF symbol IS NULL THEN
        RETURN;
    END IF;
    -- Sessions that ended since the day of the last loss.
    SELECT (t.closed_at AT TIME ZONE 'America/New_York')::date INTO lost_on
    FROM trade_outcomes t
    WHERE t.account_id = 1 AND t.symbol = guards.symbol AND t.pnl_dollars < 0
      AND t.created_at > desk_now() - interval '30 days' ORDER BY t.created_at DESC LIMIT 1;
    IF lost_on IS NOT NULL THEN
        SELECT count(*) INTO days
        FROM generate_series(lost_on + 1, LEAST(f.today, lost_on + 30), interval '1 day') s (at)
        WHERE exchange_session(s.at::date) AND s.at + interval '16 hours' <= exchange_now();
    END IF;
    name := 'cool_down'; value := days; guard_limit := guard_limit('cool_down');
    unit := 'sessions';
    distance := CASE WHEN days IS NOT NULL THEN GREATEST(guard_limit - days, 0) END;
    blocks := COALESCE(days < guard_limit, false); max_shares := CASE WHEN blocks THEN 0 END;
    text := CASE WHEN blocks THEN format('a loss in %s on %s: %s of %s sessions have passed',
                                         symbol, lost_on, days, guard_limit) ELSE '' END;
    RETURN NEXT;

    name := 'holding'; value := x.holding; guard_limit := 1; unit := 'positions';
    distance := guard_limit - value; blocks := x.holding > 0;
    max_shares := CASE WHEN blocks THEN 0 END;
    text := CASE WHEN blocks THEN symbol || ' is held or ordered already' ELSE '' END;
    RETURN NEXT;
END
$$;
