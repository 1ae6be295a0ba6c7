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
           CASE WHEN b.id IS NOT NULL AND b.cleared_at IS NULL THEN b.until ELSE v.until END,
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

-- ---- alerts

-- Every rule: when it speaks, when it falls silent, and who raises it. once: about one event, so it
-- fires once for ever and ends when it is acknowledged.
CREATE FUNCTION alert_rules() RETURNS TABLE (rule text, severity text, condition text,
                                             clears text, once boolean)
LANGUAGE sql IMMUTABLE AS $$
    VALUES
    ('engine.lost', 'W C', 'no heartbeat for 15 s; C: for 60 s and no other engine', 'heartbeat',
     false),
    ('state.halted', 'C', 'the desk is HALTED or FLATTENING', 'resume', false),
    ('breaker', 'C', 'a breaker tripped: no new positions', 'the breaker clears', false),
    ('pending.new', 'i', 'a proposal needs review', 'decided', false),
    ('pending.age', 'W C', 'the oldest waits for 4 h; C: one expires within 6 h',
     'decided or expired', false),
    ('pending.expired', 'W', 'a proposal expired without a decision', 'ack', true),
    ('adj.auto', 'i', 'a change applied itself', 'ack', true),
    ('adj.regress', 'W', 'mean R fell after an applied change (20 trades, one-sided 5 %)',
     'revert or ack', true),
    ('llm.projected', 'W', 'the day is going to cost over 90 % of the budget', 'below 85 %', false),
    ('llm.spent', 'i W C', '50, 75 (i), 90 (W), 100 % (C) of the budget is spent', 'reset', false),
    ('llm.chronic', 'W', 'mean of the last 7 days with calls over 80 % of the budget', 'below',
     false),
    ('llm.cost_jump', 'W', 'an evaluation costs over 2x its 7-day median', 'below 1.5x', false),
    ('fmp.left', 'W C', 'under 20 % of the calls are left; C: none', 'reset', false),
    ('agent.errors', 'W', 'over 20 % of an agent''s last 20 calls failed', 'below 10 %', false),
    ('agent.slow', 'i', 'p95 of the last 20 calls over 2x the 7-day p95', 'below', false),
    ('agent.form', 'W', '3 replies in a row not in the agreed form', 'one good', false),
    ('vote.split', 'i', 'BUY against SELL, both at 80 % or more', 'a day later or ack', true),
    ('vote.sell', 'W', 'the agents say SELL to what is held', 'closed or ack', false),
    ('pos.stop_near', 'i', 'price within 0.5 % of the stop', 'leaves', false),
    ('pos.loss', 'W', 'a position lost 5 %', 'above -2.5 % or ack', false),
    ('day.loss', 'C', 'the account lost 2 % today', 'above -1 % or ack', false),
    ('drawdown', 'C', 'the account is 5 % below its peak', 'within 2.5 % or ack', false),
    ('pos.unpriced', 'W', 'no price for 5 min in market hours, and a look later', 'price', false),
    ('clock.skew', 'W', 'an engine''s clock and the database''s differ by 2 s', 'under 1 s', false)
$$;

-- The conditions as they are. A row with fires raises; one without keeps what is raised, between
-- the limit that raises and the one that clears; what has no row clears.
CREATE FUNCTION alert_conditions_desk()
RETURNS TABLE (rule text, object text, severity text, text text, fix text, fires boolean)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    -- One whose place a later engine of the same host has taken is not missed.
    RETURN QUERY
    WITH e AS (
        SELECT n.*, clock_timestamp() - n.heartbeat_at AS silent FROM engines n
        WHERE n.state <> 'STOPPED')
    SELECT 'engine.lost', e.id, CASE WHEN a.alive OR e.silent < '60 s' THEN 'W' ELSE 'C' END,
           format('no sign of life from the engine %s since %s', e.id,
                  to_char(e.heartbeat_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI:SS"Z"')),
           'look at its log on ' || e.host || '; quorum engine start', true
    FROM e, LATERAL (SELECT EXISTS (SELECT FROM e o WHERE o.silent < '15 s') AS alive) a
    WHERE e.silent > '15 s'
      AND NOT EXISTS (SELECT FROM engines o WHERE o.host = e.host AND o.started_at > e.heartbeat_at
                      AND o.id <> e.id)
      AND NOT (a.alive AND e.silent > '1 day');
    RETURN QUERY
    SELECT 'state.halted', '', 'C', format('the desk is %s since %s by %s: %s', c.state,
           minute_text(c.set_at), c.set_by, c.reason), 'quorum resume, when the cause is gone', true
    FROM control_state c WHERE c.state IN ('HALTED', 'FLATTENING');
    RETURN QUERY
    SELECT 'breaker', b.name, 'C', format('no new positions: %s', b.reason),
           CASE WHEN b.until IS NULL THEN format('ends below %s, or: quorum guards reset %s',
                          percent_text(guard_limit('drawdown_clear')), b.name)
                ELSE format('ends %s, or: quorum guards reset %s', minute_text(b.until), b.name)
           END, true
    FROM breakers b WHERE b.cleared_at IS NULL;
END
$$;

CREATE FUNCTION alert_conditions_money()
RETURNS TABLE (rule text, object text, severity text, text text, fix text, fires boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    at timestamptz := desk_now();
    today date := (at AT TIME ZONE 'UTC')::date;
    cap numeric;      -- dollars
    spent numeric;
    hours numeric;    -- of the session that are still to come
    projected numeric;
    part numeric;
    last_cost numeric;
    usual numeric;
BEGIN
    SELECT d.limit_usd, d.spent_usd + d.reserved_usd INTO cap, spent FROM budget_day d
    WHERE d.day = today;
    IF cap > 0 THEN
        part := 100 * spent / cap;
        IF part >= 50 THEN
            RETURN QUERY
            SELECT 'llm.spent', '', s.severity,
                   format('%s %% of today''s model budget of $%s is spent', s.level,
                          round(cap, 2)), s.fix, true
            FROM (VALUES (100, 'C', 'baselines vote until 00:00Z; or raise the budget'),
                         (90, 'W', 'fewer evaluations, or raise the budget'),
                         (75, 'i', 'quorum budget shows what is left'),
                         (50, 'i', 'quorum budget shows what is left'))
                 AS s (level, severity, fix)
            WHERE part >= s.level ORDER BY s.level DESC LIMIT 1;
        END IF;
        -- At the pace of the last hour until the exchange closes, at most to the end of the day.
        hours := GREATEST(0, LEAST(
            extract(epoch FROM exchange_now()::date + time '16:00' - exchange_now()) / 3600,
            extract(epoch FROM (today + 1)::timestamp - at AT TIME ZONE 'UTC') / 3600));
        SELECT spent + hours * COALESCE(sum(i.cost_usd), 0) INTO projected
        FROM agent_interactions i WHERE i.created_at > at - interval '1 hour';
        RETURN QUERY
        SELECT 'llm.projected', '', 'W',
               format('at this pace today''s model calls cost over 90 %% of $%s', round(cap, 2)),
               'fewer evaluations, or raise the budget', projected > 0.90 * cap
        WHERE projected >= 0.85 * cap;
    END IF;
    RETURN QUERY
    SELECT 'llm.chronic', '', 'W', 'on the last seven days with model calls over 80 % of the budget'
           ' was spent', 'raise the budget, or take symbols off the watchlist', true
    FROM (SELECT d.spent_usd, d.limit_usd FROM budget_day d
          WHERE d.day < today AND d.spent_usd > 0 ORDER BY d.day DESC LIMIT 7) w
    HAVING count(*) = 7 AND sum(w.spent_usd) > 0.80 * sum(w.limit_usd);
    -- The newest one against those of the seven days before it.
    SELECT (array_agg(e.cost_usd ORDER BY e.id DESC))[1],
           CASE WHEN count(*) > 10 THEN percentile_disc(0.5) WITHIN GROUP (ORDER BY e.cost_usd) END
    INTO last_cost, usual
    FROM (SELECT v.id, v.cost_usd FROM evaluations v
          WHERE v.created_at > at - interval '7 days' AND v.cost_usd > 0
            AND v.finished_at IS NOT NULL ORDER BY v.created_at DESC LIMIT 500) e;
    IF last_cost >= 1.5 * usual THEN
        RETURN QUERY
        SELECT 'llm.cost_jump', '', 'W',
               'an evaluation costs more than twice its median of seven days',
               'quorum costs --days=1 shows which agent', last_cost > 2 * usual;
    END IF;
    RETURN QUERY
    SELECT 'fmp.left', '', CASE WHEN q.used >= q.daily_limit THEN 'C' ELSE 'W' END,
           CASE WHEN q.used >= q.daily_limit
                THEN format('no market data calls are left of %s', q.daily_limit)
                ELSE format('under 20 %% of the day''s %s market data calls are left',
                            q.daily_limit) END,
           format('resets at %s:00Z; quorum fmp shows who asked', q.reset_hour), true
    FROM vendor_quota q
    WHERE q.vendor = 'fmp' AND q.daily_limit > 0 AND q.day = vendor_day(q.reset_hour)
      AND q.day >= today - 1 AND q.daily_limit - q.used < 0.20 * q.daily_limit;
END
$$;

CREATE FUNCTION alert_conditions_agents()
RETURNS TABLE (rule text, object text, severity text, text text, fix text, fires boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    at timestamptz := desk_now();
    newest bigint := (SELECT max(i.id) FROM agent_interactions i);
    newest_evaluation bigint := (SELECT max(e.id) FROM evaluations e);
BEGIN
    -- The last 4,000 interactions at most, so that this costs the same on an old desk.
    RETURN QUERY
    WITH call AS (
        SELECT i.agent_name, i.latency_ms, i.status <> 'DONE' AS bad,
               row_number() OVER (PARTITION BY i.agent_name ORDER BY i.id DESC) AS n
        FROM agent_interactions i
        WHERE i.id > newest - 4000 AND i.created_at > at - interval '7 days'
          AND i.model IS NOT NULL AND i.status IN ('DONE', 'FAILED', 'PRESUMED')
    ), agent AS (
        SELECT c.agent_name, count(*) FILTER (WHERE c.n <= 20) AS calls,
               count(*) FILTER (WHERE c.n <= 20 AND c.bad) AS bad,
               percentile_disc(0.95) WITHIN GROUP (ORDER BY c.latency_ms)
                   FILTER (WHERE c.n <= 20) AS late,
               CASE WHEN count(*) >= 100 THEN percentile_disc(0.95) WITHIN GROUP
                   (ORDER BY c.latency_ms) FILTER (WHERE c.n > 20) END AS usual
        FROM call c GROUP BY c.agent_name)
    SELECT 'agent.errors', a.agent_name, 'W',
           format('more than one in five of the last calls of %s failed', a.agent_name),
           'quorum doctor; quorum evaluations shows the reasons', a.bad > 0.20 * a.calls
    FROM agent a WHERE a.calls >= 10 AND a.bad >= 0.10 * a.calls
    UNION ALL
    SELECT 'agent.slow', a.agent_name, 'i',
           format('the slowest calls of %s take twice as long as in the last seven days',
                  a.agent_name), 'nothing, unless votes time out', true
    FROM agent a WHERE a.late > 2 * a.usual;
    RETURN QUERY
    SELECT 'agent.form', v.agent, 'W',
           format('three replies of %s in a row were not in the agreed form', v.agent),
           'quorum evaluation ID --calls shows the replies; another model: QUORUM_AGENT_MODELS',
           true
    FROM (SELECT t.agent, t.vote, row_number() OVER (PARTITION BY t.agent
                                                     ORDER BY t.evaluation_id DESC) AS n
          FROM votes t WHERE t.evaluation_id > newest_evaluation - 100 AND t.source = 'model') v
    WHERE v.n <= 3 GROUP BY v.agent HAVING count(*) = 3 AND bool_and(v.vote = 'FAILED');
    RETURN QUERY
    SELECT 'vote.split', 'evaluation ' || e.id, 'i',
           format('the agents oppose each other about %s, both sure of it', e.symbol),
           format('quorum why %s', e.id), true
    FROM evaluations e
    WHERE e.created_at > at - interval '1 day' AND e.id > newest_evaluation - 1000
      AND e.finished_at IS NOT NULL
      AND EXISTS (SELECT FROM votes v WHERE v.evaluation_id = e.id AND v.counted
                  AND v.role = 'voter' AND v.vote = 'BUY' AND v.confidence >= 80)
      AND EXISTS (SELECT FROM votes v WHERE v.evaluation_id = e.id AND v.counted
                  AND v.role = 'voter' AND v.vote = 'SELL' AND v.confidence >= 80);
END
$$;

CREATE FUNCTION alert_conditions_positions()
RETURNS TABLE (rule text, object text, severity text, text text, fix text, fires boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    f record;
    at timestamptz := desk_now();
    local timestamp := exchange_now();
BEGIN
    RETURN QUERY
    WITH p AS (
        SELECT q.*, 'position ' || q.id AS object, q.last_price / NULLIF(q.entry_price, 0) - 1 AS gain
        FROM positions q WHERE q.account_id = 1 AND q.closed_at IS NULL AND q.quantity > 0)
    SELECT 'pos.stop_near', p.object, 'i', format('%s is within 0.5 %% of its stop of %s', p.symbol,
           round(p.stop_price, 2)), 'nothing: the stop closes it; to leave now: quorum close '
           || p.symbol, true
    FROM p WHERE p.last_price > 0 AND (p.last_price - p.stop_price) / p.last_price <= 0.005
    UNION ALL
    SELECT 'pos.loss', p.object, 'W', format('%s lost more than 5 %% since its entry at %s',
           p.symbol, round(p.entry_price, 2)), 'its stop holds; to leave now: quorum close '
           || p.symbol, p.gain <= -0.05
    FROM p WHERE p.gain <= -0.025
    UNION ALL
    SELECT 'pos.unpriced', p.object, 'W', format('no price for %s since %s: %s', p.symbol,
           minute_text(p.unpriced_since), COALESCE(p.unpriced_reason, '')),
           'its stop cannot be seen to; quorum doctor, quorum fmp', true
    FROM p
    WHERE p.unpriced_since <= at - interval '5 minutes'
      AND (p.unpriced_since <= at - interval '2 hours'
           -- asked for again without success: twice the planned interval since the last price
           OR COALESCE(p.looked_at > p.unpriced_since,
                       EXISTS (SELECT FROM jobs j WHERE j.kind = 'look'
                               AND j.due_at > p.unpriced_since AND j.finished_at IS NOT NULL)))
      AND (EXISTS (SELECT FROM alerts a WHERE a.rule = 'pos.unpriced' AND a.object = p.object
                   AND a.cleared_at IS NULL)
           OR (exchange_session(local::date)
               AND local::time BETWEEN time '09:30' AND time '16:00'))
    UNION ALL
    SELECT 'vote.sell', p.symbol, 'W', '', '', false FROM p;
    SELECT * INTO f FROM account_figures(1);
    RETURN QUERY
    SELECT 'day.loss', '', 'C', 'the account lost more than 2 % since the last close',
           'at 3 % no new positions until tomorrow; quorum positions, quorum kill halt',
           f.equity <= 0.98 * f.day_start
    WHERE f.equity <= 0.99 * f.day_start
    UNION ALL
    SELECT 'drawdown', '', 'C', 'the account is more than 5 % below its peak',
           'sizes shrink from here, at 20 % no new positions; quorum equity',
           f.equity <= 0.95 * f.peak
    WHERE f.equity <= 0.975 * f.peak;
END
$$;

-- Trades under a version of a parameter against those under the one before: R clipped to [-3, 5],
-- its spread at least 1.
CREATE FUNCTION adjustment_regressed(adjustment bigint, parameter text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    now_id bigint := (SELECT v.id FROM parameter_versions v WHERE v.adjustment_id = adjustment
                      ORDER BY v.id DESC LIMIT 1);
    old_id bigint := (SELECT v.id FROM parameter_versions v WHERE v.name = parameter
                      AND v.id < now_id ORDER BY v.id DESC LIMIT 1);
    a record;
    b record;
BEGIN
    SELECT count(*) AS n, avg(r) AS mean, GREATEST(var_samp(r), 1) AS var INTO a
    FROM trade_outcomes t JOIN positions p ON p.id = t.position_id,
         LATERAL (SELECT LEAST(GREATEST(t.r_multiple, -3), 5) AS r) c
    WHERE p.parameters->>parameter = now_id::text AND t.r_multiple IS NOT NULL;
    IF now_id IS NULL OR a.n < 20 THEN
        RETURN false;
    END IF;
    SELECT count(*) AS n, avg(r) AS mean, GREATEST(var_samp(r), 1) AS var INTO b
    FROM trade_outcomes t JOIN positions p ON p.id = t.position_id,
         LATERAL (SELECT LEAST(GREATEST(t.r_multiple, -3), 5) AS r) c
    WHERE p.parameters->>parameter IS NOT DISTINCT FROM old_id::text
      AND t.r_multiple IS NOT NULL;
    RETURN b.n >= 20 AND a.mean - b.mean < -1.645 * sqrt(a.var / a.n + b.var / b.n);
END
$$;

CREATE FUNCTION alert_conditions_adjustments()
RETURNS TABLE (rule text, object text, severity text, text text, fix text, fires boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    at timestamptz := desk_now();
BEGIN
    IF NOT EXISTS (SELECT FROM strategy_adjustments) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH a AS (
        SELECT s.*, 'adjustment ' || s.id AS object,
               format('%s %s -> %s', s.parameter_name, trim_scale(s.old_value),
                      trim_scale(s.new_value)) AS change
        FROM strategy_adjustments s
        WHERE s.status = 'PENDING' OR s.applied_at > at - interval '90 days'
           OR (s.status = 'EXPIRED' AND s.expires_at > at - interval '7 days')
    ), waiting AS (
        SELECT min(a.id) AS id, count(*) AS n, min(a.created_at) AS since,
               COALESCE(min(a.expires_at) < at + interval '6 hours', false) AS urgent
        FROM a WHERE a.status = 'PENDING')
    SELECT 'pending.new', a.object, 'i', format('proposal #%s waits for review: %s', a.id, a.change),
           format('quorum approve %s, or reject', a.id), true
    FROM a WHERE a.status = 'PENDING'
    UNION ALL
    SELECT 'pending.age', '', CASE WHEN w.urgent THEN 'C' ELSE 'W' END,
           format('%s %s review, the oldest since %s%s', w.n,
                  CASE w.n WHEN 1 THEN 'proposal waits for' ELSE 'proposals wait for' END,
                  minute_text(w.since), CASE WHEN w.urgent THEN '; one expires within 6 h'
                                             ELSE '' END),
           'quorum pending', true
    FROM waiting w WHERE w.urgent OR w.since <= at - interval '4 hours'
    UNION ALL
    SELECT 'pending.expired', a.object, 'W', format('proposal #%s expired undecided: %s', a.id,
           a.change), 'nothing was applied; the next cycle may propose it again', true
    FROM a WHERE a.status = 'EXPIRED'
    UNION ALL
    SELECT 'adj.auto', a.object, 'i', format('#%s applied itself: %s', a.id, a.change),
           format('to undo it: quorum revert %s REASON', a.id), true
    FROM a WHERE a.status = 'AUTO_APPLIED' AND a.applied_at > at - interval '7 days'
    UNION ALL
    SELECT 'adj.regress', a.object, 'W', format('trades got worse after #%s: %s', a.id, a.change),
           format('quorum adjustment %s, quorum revert %s REASON', a.id, a.id), true
    FROM a WHERE a.status IN ('APPLIED', 'AUTO_APPLIED')
             AND adjustment_regressed(a.id, a.parameter_name);
END
$$;

CREATE FUNCTION alert_rank(severity text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE severity WHEN 'C' THEN 3 WHEN 'W' THEN 2 ELSE 1 END
$$;

-- Raises and clears what the tables can tell, in one statement. One that came back within five
-- minutes is the same alert, opened again: a rule that flaps rings once. Returns how many were
-- raised anew. With somebody else at it, nothing is done.
CREATE FUNCTION alerts_refresh() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := desk_now();
    raised integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(713000009) THEN
        RETURN 0;
    END IF;
    WITH c AS MATERIALIZED (
        SELECT * FROM alert_conditions_desk() UNION ALL SELECT * FROM alert_conditions_money()
        UNION ALL SELECT * FROM alert_conditions_agents()
        UNION ALL SELECT * FROM alert_conditions_positions()
        UNION ALL SELECT * FROM alert_conditions_adjustments()
    ), cleared AS (
        UPDATE alerts a SET cleared_at = at
        WHERE a.cleared_at IS NULL
          AND a.rule IN (SELECT r.rule FROM alert_rules() r
                         WHERE r.clears <> 'ack' AND r.rule <> 'clock.skew')
          AND NOT EXISTS (SELECT FROM c WHERE c.rule = a.rule AND c.object = a.object)
    ), changed AS (
        UPDATE alerts a SET severity = c.severity, text = c.text, fix = c.fix,
            acked_at = CASE WHEN alert_rank(c.severity) <= alert_rank(a.severity) THEN a.acked_at END,
            acked_by = CASE WHEN alert_rank(c.severity) <= alert_rank(a.severity) THEN a.acked_by END
        FROM c
        WHERE c.fires AND c.rule = a.rule AND c.object = a.object AND a.cleared_at IS NULL
          AND (a.severity, a.text, a.fix) IS DISTINCT FROM (c.severity, c.text, c.fix)
    ), wanted AS (
        SELECT c.* FROM c JOIN alert_rules() r USING (rule)
        WHERE c.fires
          AND NOT EXISTS (SELECT FROM alerts a WHERE a.rule = c.rule AND a.object = c.object
                          AND (a.cleared_at IS NULL OR r.once))
          AND NOT EXISTS (SELECT FROM alert_mutes m WHERE m.rule = c.rule
                          AND m.until > clock_timestamp())
    ), again AS (
        UPDATE alerts a SET cleared_at = NULL, severity = w.severity, text = w.text, fix = w.fix
        FROM wanted w
        WHERE a.id = (SELECT max(l.id) FROM alerts l WHERE l.rule = w.rule
                      AND l.object = w.object AND l.cleared_at > at - interval '5 minutes')
        RETURNING a.rule, a.object
    ), fresh AS (
        INSERT INTO alerts (rule, object, severity, text, fix)
        SELECT w.rule, w.object, w.severity, w.text, w.fix FROM wanted w
        WHERE NOT EXISTS (SELECT FROM again g WHERE g.rule = w.rule AND g.object = w.object)
        ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*) INTO raised FROM fresh;
    RETURN raised;
END
$$;

-- One alert of a program, by the same rules. True when it is new.
CREATE FUNCTION alert_raise(of_rule text, of_object text, new_severity text, words text,
                            what_to_do text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(713000009);
    IF EXISTS (SELECT FROM alerts a WHERE a.rule = of_rule AND a.object = of_object
               AND a.cleared_at IS NULL AND a.severity = new_severity)
       OR EXISTS (SELECT FROM alert_mutes m WHERE m.rule = of_rule
                  AND m.until > clock_timestamp()) THEN
        RETURN false;
    END IF;
    UPDATE alerts a SET cleared_at = NULL, severity = new_severity, text = words, fix = what_to_do,
        acked_at = CASE WHEN alert_rank(new_severity) <= alert_rank(a.severity) THEN a.acked_at END,
        acked_by = CASE WHEN alert_rank(new_severity) <= alert_rank(a.severity) THEN a.acked_by END
    WHERE a.id = (SELECT max(l.id) FROM alerts l WHERE l.rule = of_rule AND l.object = of_object)
      AND COALESCE(a.cleared_at, desk_now()) > desk_now() - interval '5 minutes';
    IF FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO alerts (rule, object, severity, text, fix)
    VALUES (of_rule, of_object, new_severity, words, what_to_do) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
CREATE FUNCTION alert_clear(of_rule text, of_object text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE alerts SET cleared_at = desk_now()
    WHERE rule = of_rule AND object = of_object AND cleared_at IS NULL;
    RETURN FOUND;
END
$$;
-- Seen by a person: silent from now on, everywhere. It ends with its condition, or now where
-- acknowledging ends it. which NULL: all that are open. Returns how many.
CREATE FUNCTION alert_ack(which bigint, who text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    n integer;
BEGIN
    UPDATE alerts a SET acked_at = desk_now(), acked_by = who,
        cleared_at = COALESCE(a.cleared_at, CASE WHEN EXISTS (
            SELECT FROM alert_rules() r WHERE r.rule = a.rule AND r.once) THEN desk_now() END)
    WHERE a.acked_at IS NULL AND a.id = COALESCE(which, a.id)
      AND (which IS NOT NULL OR a.cleared_at IS NULL);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;

-- ---- breakers trip and clear

-- By the account as it stands. Returns how many changed.
CREATE FUNCTION breakers_update() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    f record;
    b record;
    words text;
    changed integer := 0;
BEGIN
    SELECT * INTO f FROM account_figures(1);
    FOR b IN SELECT * FROM breaker_levels(f.today, f.equity, f.day_start, f.week_start, f.peak)
             ORDER BY name LOOP
        IF b.open_id IS NOT NULL THEN
            IF b.until <= desk_now()
               OR (b.until IS NULL AND b.value < guard_limit('drawdown_clear')) THEN
                UPDATE breakers SET cleared_at = desk_now(), cleared_by = 'its rule'
                WHERE id = b.open_id AND cleared_at IS NULL;
                PERFORM alert_clear('breaker', b.name);
                changed := changed + 1;
            END IF;
        ELSIF b.value >= b.guard_limit THEN
            words := format('%s lost since %s (limit %s)', percent_text(b.value),
                            CASE b.name WHEN 'daily_loss' THEN 'the last close'
                            WHEN 'weekly_loss' THEN 'the close before this week'
                            ELSE 'the peak' END, percent_text(b.guard_limit));
            INSERT INTO breakers (name, reason, until) VALUES (b.name, words, b.until)
            ON CONFLICT DO NOTHING;
            IF FOUND THEN
                PERFORM audit_append('quorum', '', 'breaker trip', b.name, words, '',
                                     COALESCE('until ' || minute_text(b.until), 'until below ' ||
                                              percent_text(guard_limit('drawdown_clear'))));
                PERFORM alert_raise('breaker', b.name, 'C', 'no new positions: ' || words,
                                    CASE WHEN b.until IS NULL THEN format('ends below %s, or: '
                                        'quorum guards reset %s',
                                        percent_text(guard_limit('drawdown_clear')), b.name)
                                    ELSE format('ends %s, or: quorum guards reset %s',
                                                minute_text(b.until), b.name) END);
                changed := changed + 1;
            END IF;
        ELSIF b.name = 'drawdown' AND b.value < guard_limit('drawdown_clear') THEN
            -- Recovered after a person's reset: the limit itself counts again.
            UPDATE breakers SET rearm_pct = NULL
            WHERE account_id = 1 AND name = 'drawdown' AND rearm_pct IS NOT NULL;
        END IF;
    END LOOP;
    RETURN changed;
END
$$;

-- A person lifts a breaker. It allows as much again: another day's or week's limit, another five
-- points of drawdown; then it trips anew. NULL: it is not tripped.
CREATE FUNCTION breaker_reset(of_name text, who text, origin text, why text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    f record;
    b record;
    again numeric;
BEGIN
    SELECT * INTO f FROM account_figures(1);
    SELECT l.* INTO b FROM breaker_levels(f.today, f.equity, f.day_start, f.week_start, f.peak) l
    WHERE l.name = of_name AND l.open_id IS NOT NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    again := round(GREATEST(b.value, guard_limit(of_name))
                   + CASE of_name WHEN 'drawdown'
                     THEN guard_limit('drawdown') - guard_limit('drawdown_clear')
                     ELSE guard_limit(of_name) END, 2);
    UPDATE breakers SET cleared_at = desk_now(), cleared_by = who, rearm_pct = again
    WHERE id = b.open_id AND cleared_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM alert_clear('breaker', of_name);
    PERFORM audit_append(who, origin, 'guards reset', of_name, why, b.reason,
                         'trips again at ' || percent_text(again));
    RETURN percent_text(again);
END
$$;

DO $$
BEGIN
    -- The audit may be written to by the application only, and so may what writes it.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_ro') THEN
        REVOKE EXECUTE ON FUNCTION breakers_update(), breaker_reset(text, text, text, text)
            FROM PUBLIC;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'quorum_app') THEN
            GRANT EXECUTE ON FUNCTION breakers_update(), breaker_reset(text, text, text, text)
                TO quorum_app;
        END IF;
    END IF;
END
$$;
