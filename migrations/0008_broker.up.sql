-- The paper broker: what an order, a fill and a position need to be filled, closed and proven.

ALTER TABLE positions
    ADD COLUMN cost_usd         numeric(18,6) NOT NULL DEFAULT 0,  -- of the shares held
    ADD COLUMN bought           bigint NOT NULL DEFAULT 0,         -- shares, splits applied
    ADD COLUMN stop_pct         double precision,                  -- of the entry price
    ADD COLUMN target_pct       double precision,
    ADD COLUMN trail_atr        double precision,                  -- multiples of atr
    ADD COLUMN atr              double precision,                  -- dollars, at the decision
    ADD COLUMN time_exit        integer,                           -- sessions
    ADD COLUMN trail_high       numeric(18,6),                     -- highest close since +1 R
    ADD COLUMN high_price       numeric(18,6),                     -- since entry, for MFE and MAE
    ADD COLUMN low_price        numeric(18,6),
    ADD COLUMN seen_day         date,        -- of the last look at its price
    ADD COLUMN seen_high        numeric(18,6),  -- the day's extremes at that look
    ADD COLUMN seen_low         numeric(18,6),
    ADD COLUMN entry_day        date,        -- session of the first fill
    ADD COLUMN regime           text,        -- at the decision
    ADD COLUMN exit_reason      text,        -- of the exit under way
    ADD COLUMN unpriced_since   timestamptz,
    ADD COLUMN unpriced_reason  text,
    ADD COLUMN parameters       jsonb NOT NULL DEFAULT '{}';  -- name: id in parameter_versions

ALTER TABLE orders
    ADD COLUMN purpose          text NOT NULL CHECK (purpose IN ('ENTRY', 'EXIT')),
    ADD COLUMN exit_reason      text,
    ADD COLUMN triggered        boolean NOT NULL DEFAULT false,  -- a stop that was hit
    ADD COLUMN not_before       timestamptz,     -- fills only on prices of this moment and later
    ADD COLUMN expires_at       timestamptz,     -- an entry not filled by then is cancelled
    ADD COLUMN sigma_daily      double precision,  -- of the symbol, fraction
    ADD COLUMN adv_shares       double precision,  -- 20-session mean volume
    ADD COLUMN half_spread_bps  double precision NOT NULL DEFAULT 2.5,
    ADD COLUMN requested_by     text NOT NULL DEFAULT '',
    ADD CHECK ((purpose = 'EXIT') = (exit_reason IS NOT NULL));
-- One entry for one decision, for ever.
CREATE UNIQUE INDEX orders_one_entry ON orders (evaluation_id) WHERE purpose = 'ENTRY';
CREATE INDEX orders_position ON orders (position_id);

ALTER TABLE fills
    ADD COLUMN fill_key     text NOT NULL UNIQUE,   -- the same fill is recorded once
    ADD COLUMN slippage_usd numeric(18,6) NOT NULL DEFAULT 0,  -- against the price seen
    ADD COLUMN reason       text NOT NULL DEFAULT '';

ALTER TABLE evaluations ADD COLUMN order_result text;
COMMENT ON COLUMN evaluations.order_result IS
    'what became of a BUY: "ordered", or which guard or state refused it and why';

-- Splits and dividends that were applied, once each.
CREATE TABLE corporate_actions (
    account_id   integer NOT NULL DEFAULT 1 REFERENCES accounts,
    symbol       text NOT NULL,
    ex_day       date NOT NULL,
    split_ratio  double precision,   -- new shares for one old
    dividend_usd numeric(18,6),      -- a share
    position_id  bigint REFERENCES positions,
    shares_before bigint NOT NULL DEFAULT 0,  -- held by the position, around the split
    shares_after bigint NOT NULL DEFAULT 0,
    cash_usd     numeric(18,6) NOT NULL DEFAULT 0,  -- dividend and cash in lieu of fractions
    applied_at   timestamptz NOT NULL DEFAULT desk_now(),
    PRIMARY KEY (account_id, symbol, ex_day)
);

-- What a mark was made of, so that it can be proven later.
ALTER TABLE equity_marks
    ADD COLUMN ledger_to bigint,                      -- highest ledger id it counts
    ADD COLUMN parts     jsonb NOT NULL DEFAULT '[]'; -- position, symbol, quantity, price

-- ---- functions: each call is one transaction, and repeating it changes nothing.
-- Locks are taken in the order control_state, accounts, positions, orders.

-- The same intent has the same id.
CREATE FUNCTION broker_uuid(intent text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT md5('quorum broker ' || intent)::uuid
$$;

-- Two books of one transaction: what the first gains the second gives. Zero is not written.
CREATE FUNCTION ledger_move(transaction uuid, to_book text, from_book text, of_symbol text,
                            amount numeric, why text, at timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO ledger (transaction_id, book, symbol, amount_usd, memo, created_at)
    SELECT transaction, line.book, of_symbol, line.sign * amount, why, at
    FROM (VALUES (to_book, 1), (from_book, -1)) AS line (book, sign) WHERE amount <> 0
$$;

CREATE FUNCTION broker_cash() RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT COALESCE(sum(amount_usd), 0) FROM ledger WHERE account_id = 1 AND book = 'cash'
$$;

-- What fills and corporate actions say of each position. buys, sells, fees and slippage are
-- dollars; lieu is cash for fractions of shares; split is shares gained (or lost) by splits.
CREATE VIEW position_sums AS
SELECT p.id AS position_id, COALESCE(f.bought, 0) AS bought, COALESCE(f.sold, 0) AS sold,
       COALESCE(f.buys, 0) AS buys, COALESCE(f.sells, 0) AS sells, COALESCE(f.fees, 0) AS fees,
       COALESCE(f.slippage, 0) AS slippage, COALESCE(f.n, 0) AS fills,
       COALESCE(a.dividends, 0) AS dividends, COALESCE(a.lieu, 0) AS lieu,
       COALESCE(a.split, 0) AS split
FROM positions p
LEFT JOIN (SELECT o.position_id,
                  sum(f.quantity) FILTER (WHERE o.side = 'BUY') AS bought,
                  sum(f.quantity) FILTER (WHERE o.side = 'SELL') AS sold,
                  sum(f.quantity * f.price) FILTER (WHERE o.side = 'BUY') AS buys,
                  sum(f.quantity * f.price) FILTER (WHERE o.side = 'SELL') AS sells,
                  sum(f.fees_usd) AS fees, sum(f.slippage_usd) AS slippage, count(*) AS n
           FROM orders o JOIN fills f ON f.order_id = o.id GROUP BY o.position_id) f
       ON f.position_id = p.id
LEFT JOIN (SELECT a.position_id, sum(COALESCE(a.dividend_usd, 0) * a.shares_before) AS dividends,
                  sum(a.cash_usd - COALESCE(a.dividend_usd, 0) * a.shares_before) AS lieu,
                  sum(a.shares_after - a.shares_before) AS split
           FROM corporate_actions a GROUP BY a.position_id) a
       ON a.position_id = p.id;

-- Funds whose quotes are a cent wide trade at 1 basis point from the middle, the others at 2.5.
CREATE FUNCTION broker_half_spread(of_symbol text) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN of_symbol = ANY (ARRAY['SPY', 'VOO', 'IVV', 'QQQ', 'DIA', 'IWM', 'VTI',
                                            'EFA', 'EEM', 'AGG', 'BND', 'TLT', 'GLD'])
                THEN 1 ELSE 2.5 END
$$;

-- Why an evaluation opens no position now, whatever its size; code E31 where it is the control
-- state, 'usage' where there is no such BUY, 'refused' otherwise; why NULL: it may.
CREATE FUNCTION broker_refusal(e evaluations, control control_state, expires timestamptz,
                               OUT why text, OUT code text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    code := 'usage';
    IF e.id IS NULL THEN
        why := 'there is no such evaluation';
    ELSIF e.state <> 'DECIDED' OR e.decision IS DISTINCT FROM 'BUY' THEN
        why := format('evaluation #%s is no BUY: %s', e.id, COALESCE(e.decision, e.state));
    END IF;
    IF why IS NOT NULL THEN
        RETURN;
    END IF;
    code := 'E31';
    IF control.state <> 'RUNNING' THEN
        why := format('the desk is %s since %s by %s ("%s")', control.state,
                      to_char(control.set_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                      control.set_by, control.reason);
        RETURN;
    END IF;
    code := 'refused';
    IF COALESCE(e.shares, 0) = 0 THEN
        why := COALESCE(NULLIF(e.size_reason, ''), 'its size is 0 shares');
    ELSIF e.price IS NULL OR COALESCE(e.stop_loss_pct, 0) NOT BETWEEN 0.01 AND 99.99 THEN
        why := 'it has no price or no stop';
    ELSIF e.degraded AND NOT COALESCE(
        (SELECT value = 'true' FROM desk_setting WHERE name = 'QUORUM_TRADE_DEGRADED'
         ORDER BY id DESC LIMIT 1), (SELECT kind = 'demo' FROM desk), false) THEN
        why := 'it is degraded (' || e.degraded_reason || ') and QUORUM_TRADE_DEGRADED is false';
    ELSIF expires <= desk_now() THEN
        why := format('it is of %s: too old to trade on',
                      to_char(e.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
    ELSIF EXISTS (SELECT FROM positions WHERE account_id = 1 AND symbol = e.symbol
                  AND closed_at IS NULL) THEN
        why := format('there is an open position in %s already', e.symbol);
    END IF;
END
$$;

-- How many of an evaluation's shares the guards and the cash leave, and why not all.
CREATE FUNCTION broker_leave(e evaluations, of_sector text, OUT left_shares bigint, OUT why text)
LANGUAGE plpgsql AS $$
DECLARE
    free numeric := broker_cash() - (SELECT COALESCE(sum(reserved_usd), 0) FROM orders
                                     WHERE account_id = 1 AND state = 'OPEN');
    blocked boolean;
    bound bigint;
BEGIN
    SELECT bool_or(g.blocks), min(g.max_shares),
           string_agg(COALESCE(NULLIF(g.text, ''), g.name), '; ')
               FILTER (WHERE g.blocks OR g.max_shares <= 0)
    INTO blocked, bound, why
    FROM guards(e.symbol, e.price, e.stop_loss_pct, of_sector) g;
    left_shares := LEAST(e.shares, bound, floor(free / (e.price * 1.02))::bigint);
    IF blocked OR left_shares <= 0 THEN
        left_shares := 0;
        why := COALESCE(why, format('$%s free, a share needs $%s', round(GREATEST(free, 0), 2),
                                    round(e.price * 1.02, 2)));
    END IF;
END
$$;

-- The value of a parameter in force, and the id of its version (NULL: the default holds).
CREATE FUNCTION parameter_now(of_name text, fallback numeric, OUT value numeric, OUT version bigint)
LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT p.value FROM parameter_versions p WHERE p.name = of_name
                     ORDER BY p.id DESC LIMIT 1), fallback),
           (SELECT max(p.id) FROM parameter_versions p WHERE p.name = of_name)
$$;

-- Position and entry order of an evaluation that passed everything.
CREATE FUNCTION broker_open(e evaluations, facts jsonb, n bigint, expires timestamptz)
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

-- The entry order of a decided BUY, or why there is none (code as in broker_refusal; 'known': it
-- was ordered before).
CREATE FUNCTION broker_enter(evaluation bigint, expires timestamptz DEFAULT NULL,
                             OUT ordered boolean, OUT order_id uuid, OUT position_id bigint,
                             OUT shares bigint, OUT result text, OUT code text)
LANGUAGE plpgsql AS $$
DECLARE
    control control_state;
    e evaluations;
    facts jsonb;
BEGIN
    ordered := false;
    shares := 0;
    SELECT * INTO control FROM control_state c FOR SHARE;
    PERFORM FROM accounts a WHERE a.id = 1 FOR NO KEY UPDATE;
    SELECT * INTO e FROM evaluations v WHERE v.id = evaluation FOR NO KEY UPDATE;
    SELECT o.id, o.position_id, o.quantity INTO order_id, position_id, shares
    FROM orders o WHERE o.evaluation_id = evaluation AND o.purpose = 'ENTRY';
    IF FOUND THEN
        result := e.order_result;
        code := 'known';
        RETURN;
    END IF;
    shares := 0;
    SELECT r.why, r.code INTO result, code FROM broker_refusal(e, control, expires) r;
    IF result IS NULL THEN
        SELECT d.content::jsonb INTO facts FROM dossiers d WHERE d.evaluation_id = evaluation
        ORDER BY d.created_at DESC LIMIT 1;
        SELECT l.left_shares, l.why INTO shares, result
        FROM broker_leave(e, COALESCE(facts->'profile'->>'sector', '')) l;
    END IF;
    IF shares > 0 THEN
        ordered := true;
        order_id := broker_uuid('entry ' || e.id);
        position_id := broker_open(e, facts, shares, expires);
        code := '';
        result := 'ordered';
        PERFORM audit_append(e.requested_by, '', 'order',
            format('evaluation #%s %s', e.id, e.symbol), e.origin, '',
            jsonb_build_object('order', order_id, 'shares', shares, 'decided', e.shares,
                               'price', e.price)::text);
    END IF;
    IF code <> 'usage' THEN
        UPDATE evaluations v SET order_result = result WHERE v.id = e.id;
    END IF;
END
$$;

-- All BUYs of one moment of the schedule that nothing was decided about yet, by symbol.
CREATE FUNCTION broker_enter_slot(slot timestamptz, expires timestamptz, OUT ordered bigint,
                                  OUT refused bigint)
LANGUAGE plpgsql AS $$
DECLARE
    buy bigint;
    was boolean;
BEGIN
    ordered := 0;
    refused := 0;
    PERFORM FROM control_state FOR SHARE;
    PERFORM FROM accounts a WHERE a.id = 1 FOR NO KEY UPDATE;
    FOR buy IN SELECT v.id FROM evaluations v
               WHERE v.slot_at = slot AND v.state = 'DECIDED' AND v.decision = 'BUY'
                 AND v.order_result IS NULL ORDER BY v.symbol COLLATE "C", v.id
    LOOP
        SELECT b.ordered INTO was FROM broker_enter(buy, expires) b;
        IF was THEN
            ordered := ordered + 1;
        ELSE
            refused := refused + 1;
        END IF;
    END LOOP;
END
$$;

-- Open exit orders always cover exactly the shares held.
CREATE FUNCTION broker_cover(of_position bigint, held bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE orders SET quantity = filled + held
    WHERE position_id = of_position AND purpose = 'EXIT' AND state = 'OPEN' AND held > 0
      AND quantity <> filled + held
$$;

-- Takes back what is left of an entry; an entry of which nothing was filled ends its position.
-- False: it is not open.
CREATE FUNCTION broker_cancel_entry(for_order uuid, why text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    o orders;
BEGIN
    PERFORM FROM positions p JOIN orders r ON r.position_id = p.id WHERE r.id = for_order
    FOR UPDATE OF p;
    UPDATE orders SET state = 'CANCELLED', state_reason = why, reserved_usd = 0,
                      closed_at = desk_now()
    WHERE id = for_order AND state = 'OPEN' AND purpose = 'ENTRY' RETURNING * INTO o;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE positions SET state = 'CLOSED', closed_at = desk_now()
    WHERE id = o.position_id AND state = 'OPENING' AND quantity = 0;
    IF o.filled = 0 THEN
        UPDATE evaluations SET order_result = 'cancelled: ' || why WHERE id = o.evaluation_id;
    END IF;
    RETURN true;
END
$$;

CREATE FUNCTION broker_expire(for_order uuid) RETURNS boolean LANGUAGE sql AS $$
    SELECT broker_cancel_entry(for_order, 'expired')
$$;

CREATE FUNCTION broker_trigger(for_order uuid) RETURNS boolean LANGUAGE sql AS $$
    UPDATE orders SET triggered = true
    WHERE id = for_order AND state = 'OPEN' AND kind = 'STOP' RETURNING true
$$;

-- A market order that closes a position; NULL when there is nothing to close or one is under way.
-- What is left of the entry is taken back; stop and target stay until it is filled.
CREATE FUNCTION broker_order_exit(of_position bigint, of_reason text, who text, why text,
                                  origin text DEFAULT '') RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    p positions;
    made uuid;
BEGIN
    PERFORM FROM control_state FOR SHARE;
    SELECT * INTO p FROM positions WHERE id = of_position FOR UPDATE;
    IF p.state IS DISTINCT FROM 'OPEN' OR p.quantity = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM broker_cancel_entry(id, 'the position is being closed') FROM orders
    WHERE position_id = p.id AND purpose = 'ENTRY' AND state = 'OPEN';
    SELECT broker_uuid('exit ' || p.id || ' ' || count(*)) INTO made FROM orders
    WHERE position_id = p.id AND purpose = 'EXIT';
    INSERT INTO orders (id, position_id, evaluation_id, symbol, side, kind, quantity, state,
                        state_reason, purpose, exit_reason, not_before, sigma_daily, adv_shares,
                        half_spread_bps, requested_by, created_at)
    SELECT made, p.id, p.evaluation_id, p.symbol, 'SELL', 'MARKET', p.quantity, 'OPEN', why,
           'EXIT', of_reason, desk_now(), e.sigma_daily, e.adv_shares, e.half_spread_bps, who,
           desk_now()
    FROM orders e WHERE e.position_id = p.id AND e.purpose = 'ENTRY';
    UPDATE positions SET state = 'CLOSING', exit_reason = of_reason WHERE id = p.id;
    -- What the desk does by its own rules is no action of a person.
    IF of_reason IN ('manual', 'circuit_breaker') THEN
        PERFORM audit_append(who, origin, 'close', format('position %s %s', p.id, p.symbol), why,
                             '', jsonb_build_object('order', made, 'shares', p.quantity)::text);
    END IF;
    RETURN made;
END
$$;

-- `close SYM`: what = 'exit' (ordered), 'cancelled' (its entry was, nothing had been filled),
-- 'busy' (an exit is under way) or 'none'.
CREATE FUNCTION broker_close(of_symbol text, of_reason text, who text, origin text, why text,
                             OUT what text, OUT order_id uuid)
LANGUAGE plpgsql AS $$
DECLARE
    p positions;
BEGIN
    PERFORM FROM control_state FOR SHARE;
    SELECT * INTO p FROM positions WHERE account_id = 1 AND symbol = of_symbol
    AND closed_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        what := 'none';
    ELSIF p.state = 'OPENING' THEN
        SELECT id INTO order_id FROM orders WHERE position_id = p.id AND state = 'OPEN';
        PERFORM broker_cancel_entry(order_id, why);
        PERFORM audit_append(who, origin, 'close', format('position %s %s', p.id, p.symbol), why,
                             '', 'entry cancelled');
        what := 'cancelled';
    ELSE
        order_id := broker_order_exit(p.id, of_reason, who, why, origin);
        what := CASE WHEN order_id IS NULL THEN 'busy' ELSE 'exit' END;
    END IF;
END
$$;

-- Stop and target of a position as orders: made with the first shares, moved with more of them.
CREATE FUNCTION broker_protect(p positions, entry orders, at timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO orders (id, position_id, evaluation_id, symbol, side, kind, quantity, limit_price,
                        stop_price, state, purpose, exit_reason, sigma_daily, adv_shares,
                        half_spread_bps, requested_by, created_at)
    SELECT broker_uuid(leg.name || ' ' || p.id), p.id, p.evaluation_id, p.symbol, 'SELL', leg.kind,
           p.quantity, leg.limit_price, leg.stop_price, 'OPEN', 'EXIT', leg.name, entry.sigma_daily,
           entry.adv_shares, entry.half_spread_bps, 'bracket', at
    FROM (VALUES ('stop_loss', 'STOP', NULL::numeric, p.stop_price),
                 ('take_profit', 'LIMIT', p.target_price, NULL::numeric))
         AS leg (name, kind, limit_price, stop_price)
    WHERE leg.limit_price > 0 OR leg.stop_price > 0
    ON CONFLICT (id) DO UPDATE SET quantity = orders.filled + EXCLUDED.quantity,
        limit_price = EXCLUDED.limit_price, stop_price = EXCLUDED.stop_price
    WHERE orders.state = 'OPEN'
$$;

-- The trade of a position that holds nothing any more, written by the transaction that closes it.
CREATE FUNCTION broker_finish(p positions, of_reason text, why text, at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s position_sums;
    e evaluations;
    pnl numeric;
    traded bigint;
    news jsonb;
BEGIN
    SELECT * INTO s FROM position_sums WHERE position_id = p.id;
    SELECT * INTO e FROM evaluations WHERE id = p.evaluation_id;
    pnl := s.sells + s.lieu - s.buys - s.fees;
    UPDATE positions SET state = 'CLOSED', closed_at = at, exit_reason = of_reason
    WHERE id = p.id;
    UPDATE orders SET state = 'CANCELLED', state_reason = 'the position is closed',
                      reserved_usd = 0, closed_at = at
    WHERE position_id = p.id AND state = 'OPEN';
    INSERT INTO trade_outcomes (symbol, decision, entry_price, exit_price, pnl_dollars, pnl_pct,
        exit_reason, created_at, position_id, evaluation_id, quantity, fees_usd, slippage_usd,
        model_cost_usd, r_multiple, mae_pct, mfe_pct, opened_at, closed_at)
    VALUES (p.symbol, COALESCE(e.decision, 'BUY'), p.entry_price,
        GREATEST(round((s.sells + s.lieu) / p.bought, 4), 0.0001), pnl, 100 * pnl / s.buys,
        of_reason, at, p.id, p.evaluation_id, p.bought, s.fees, s.slippage,
        COALESCE(e.cost_usd, 0), pnl::double precision / (s.buys * p.stop_pct / 100),
        LEAST(100 * (p.low_price / p.entry_price - 1), 0),
        GREATEST(100 * (p.high_price / p.entry_price - 1), 0), p.opened_at, at)
    RETURNING id INTO traded;
    SELECT jsonb_build_object('score', v.score, 'fact',
               COALESCE((SELECT x->>'fact' FROM jsonb_array_elements(v.evidence) x
                         WHERE x->>'fact' ~ '^n[0-9]+$' LIMIT 1), 'n1'))
    INTO news FROM votes v
    WHERE v.evaluation_id = p.evaluation_id AND v.agent = 'news_analyst' AND v.counted
      AND v.vote IN ('BUY', 'SELL', 'HOLD');
    INSERT INTO trade_metadata (trade_outcome_id, market_regime, sentiment_score, news_catalyst,
                                created_at, facts)
    SELECT traded, p.regime,
        (SELECT x FROM (SELECT (news->>'score')::double precision AS x) t WHERE x BETWEEN -1 AND 1),
        (SELECT f->>'text' FROM dossiers d, jsonb_array_elements(d.content::jsonb->'facts') f
         WHERE news IS NOT NULL AND d.evaluation_id = p.evaluation_id
           AND f->>'id' = news->>'fact' LIMIT 1),
        at, jsonb_build_object(
            'votes', COALESCE((SELECT jsonb_agg(jsonb_build_object('agent', v.agent,
                'source', v.source, 'vote', v.vote, 'confidence', v.confidence, 'score', v.score,
                'counted', v.counted) ORDER BY v.agent, v.source)
                FROM votes v WHERE v.evaluation_id = p.evaluation_id), '[]'),
            'agreement', e.agreement, 'degraded', e.degraded, 'binding', e.binding,
            'parameters', p.parameters,
            'entry', jsonb_build_object('decided_price', e.price, 'day', p.entry_day,
                                        'stop', p.initial_stop, 'target', p.target_price),
            'exit', jsonb_build_object('reason', of_reason, 'why', why, 'stop', p.stop_price,
                                       'fills', s.fills, 'dividends', s.dividends));
END
$$;

-- Shares of an entry that arrive. Returns the position as it is then.
CREATE FUNCTION broker_fill_entry(o orders, p positions, n bigint, paid numeric, fees numeric,
                                  at timestamptz, day date, transaction uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    average numeric;
    left_open bigint := o.quantity - o.filled - n;
    memo text := format('buy %s %s at %s', n, o.symbol, paid);
BEGIN
    PERFORM ledger_move(transaction, 'stock', 'cash', o.symbol, n * paid, memo, at);
    PERFORM ledger_move(transaction, 'fees', 'cash', o.symbol, fees, memo, at);
    UPDATE orders SET filled = filled + n,
        reserved_usd = round(o.reserved_usd * left_open / (o.quantity - o.filled), 6),
        state = CASE WHEN left_open = 0 THEN 'FILLED' ELSE 'OPEN' END,
        closed_at = CASE WHEN left_open = 0 THEN at END
    WHERE id = o.id;
    SELECT round(s.buys / (p.bought + n), 4) INTO average FROM position_sums s
    WHERE s.position_id = p.id;
    -- A stop the trail has raised stays where it is.
    UPDATE positions SET quantity = quantity + n, bought = bought + n,
        cost_usd = cost_usd + n * paid, entry_price = average,
        state = CASE state WHEN 'OPENING' THEN 'OPEN' ELSE state END,
        opened_at = CASE state WHEN 'OPENING' THEN at ELSE opened_at END,
        entry_day = COALESCE(entry_day, day),
        initial_stop = round(average * (1 - stop_pct::numeric / 100), 4),
        stop_price = CASE WHEN stop_price > initial_stop THEN stop_price
                     ELSE round(average * (1 - stop_pct::numeric / 100), 4) END,
        target_price = round(average * (1 + target_pct::numeric / 100), 4),
        high_price = GREATEST(high_price, paid), low_price = LEAST(low_price, paid)
    WHERE id = p.id RETURNING * INTO p;
    PERFORM broker_protect(p, o, at);
    PERFORM broker_cover(p.id, p.quantity);
END
$$;

-- Shares that leave. Their cost is cost x sold / held in whole micro-dollars; the last take the
-- rest.
CREATE FUNCTION broker_fill_exit(o orders, p positions, n bigint, got numeric, fees numeric,
                                 at timestamptz, why text, transaction uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    cost numeric := div(p.cost_usd * 1000000 * n, p.quantity) / 1000000;
    memo text := format('sell %s %s at %s', n, o.symbol, got);
BEGIN
    PERFORM ledger_move(transaction, 'cash', 'stock', o.symbol, cost, memo, at);
    PERFORM ledger_move(transaction, 'cash', 'realised', o.symbol, n * got - cost, memo, at);
    PERFORM ledger_move(transaction, 'fees', 'cash', o.symbol, fees, memo, at);
    UPDATE orders SET filled = filled + n, triggered = triggered OR kind = 'STOP',
        state = CASE WHEN filled + n = quantity THEN 'FILLED' ELSE 'OPEN' END,
        closed_at = CASE WHEN filled + n = quantity THEN at END
    WHERE id = o.id;
    UPDATE positions SET quantity = quantity - n, cost_usd = cost_usd - cost,
        exit_reason = COALESCE(exit_reason, o.exit_reason),
        high_price = GREATEST(high_price, got), low_price = LEAST(low_price, got)
    WHERE id = p.id RETURNING * INTO p;
    -- Nothing more is bought of what is being sold.
    PERFORM broker_cancel_entry(id, 'the position is being closed') FROM orders
    WHERE position_id = p.id AND purpose = 'ENTRY' AND state = 'OPEN';
    IF p.quantity > 0 THEN
        PERFORM broker_cover(p.id, p.quantity);
    ELSE
        PERFORM broker_finish(p, o.exit_reason, why, at);
        PERFORM control_settle();
    END IF;
END
$$;

-- How many of n shares of an entry the cash pays for: its own reservation and what is free.
CREATE FUNCTION broker_affordable(o orders, n bigint, paid numeric, fees numeric) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF n * paid + fees <= o.reserved_usd * n / (o.quantity - o.filled) THEN
        RETURN n;
    END IF;
    RETURN GREATEST(LEAST(n, floor((broker_cash() - fees - (
        SELECT COALESCE(sum(reserved_usd), 0) FROM orders
        WHERE account_id = 1 AND state = 'OPEN' AND id <> o.id)) / paid)::bigint), 0);
END
$$;

-- Books one fill: 'filled', 'known' (this key is booked), 'closed' (the order is not open any
-- more) or 'cash' (there is no money for it; the order is cancelled). More shares than the order
-- has open are cut to those, with their part of fees and slippage.
CREATE FUNCTION broker_fill(for_order uuid, key text, shares bigint, at_price numeric, fee numeric,
                            slipped numeric, at timestamptz, day date, why text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    o orders;
    p positions;
    n bigint;
    wanted bigint;
BEGIN
    SELECT * INTO o FROM orders WHERE id = for_order;
    -- The last exit of a flattening desk changes its control state: locked first, as all do.
    IF o.purpose = 'EXIT' AND (SELECT state FROM control_state) = 'FLATTENING' THEN
        PERFORM FROM control_state FOR UPDATE;
    ELSIF o.purpose = 'EXIT' THEN
        PERFORM FROM control_state FOR SHARE;
    ELSE
        PERFORM FROM accounts WHERE id = 1 FOR NO KEY UPDATE;
    END IF;
    SELECT * INTO p FROM positions WHERE id = o.position_id FOR UPDATE;
    SELECT * INTO o FROM orders WHERE id = for_order FOR UPDATE;
    IF EXISTS (SELECT FROM fills WHERE fill_key = key) THEN
        RETURN 'known';
    ELSIF o.state IS DISTINCT FROM 'OPEN' OR shares <= 0 THEN
        RETURN 'closed';
    END IF;
    n := LEAST(shares, o.quantity - o.filled);
    IF o.purpose = 'EXIT' THEN
        n := LEAST(n, p.quantity);
    ELSE
        wanted := n;
        n := broker_affordable(o, n, at_price, fee);
    END IF;
    IF n = 0 THEN
        PERFORM broker_cancel_entry(o.id, format('no cash at %s', at_price));
        RETURN 'cash';
    END IF;
    IF n < shares THEN
        fee := LEAST(fee, ceil(fee * 100 * n / shares) / 100);
        slipped := round(slipped * n / shares, 6);
    END IF;
    INSERT INTO fills (order_id, quantity, price, fees_usd, filled_at, fill_key, slippage_usd,
                       reason)
    VALUES (o.id, n, at_price, fee, at, key, slipped, why);
    IF o.purpose = 'ENTRY' THEN
        PERFORM broker_fill_entry(o, p, n, at_price, fee, at, day, broker_uuid('fill ' || key));
        IF n < wanted THEN
            PERFORM broker_cancel_entry(o.id, format('no cash for more at %s', at_price));
        END IF;
    ELSE
        PERFORM broker_fill_exit(o, p, n, at_price, fee, at, why, broker_uuid('fill ' || key));
    END IF;
    RETURN 'filled';
END
$$;

-- The exit order of a position for a reason: the open one, else the last that was. The stop's
-- reason becomes trailing_stop when the trail moves it.
CREATE FUNCTION broker_leg(of_position bigint, of_reason text) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT id FROM orders
    WHERE position_id = of_position AND purpose = 'EXIT'
      AND (exit_reason = of_reason
           OR (kind = 'STOP' AND of_reason IN ('stop_loss', 'trailing_stop')))
    ORDER BY state = 'OPEN' DESC, created_at DESC, id LIMIT 1
$$;

-- Prices seen, of many positions at once: [{p: position, at: time of the price, day, last, high,
-- low: of that day, bar: whether it is the whole session}]. A price older than the one known
-- changes nothing. On the day of entry only extremes that came after it count, all of a bar.
CREATE FUNCTION broker_seen(looks jsonb) RETURNS bigint LANGUAGE sql AS $$
    WITH look AS (
        SELECT * FROM jsonb_to_recordset(looks) AS l (p bigint, at timestamptz, day date,
            last numeric, high numeric, low numeric, bar boolean)
    ), locked AS (
        SELECT id FROM positions WHERE id IN (SELECT p FROM look) AND closed_at IS NULL
        ORDER BY id FOR UPDATE
    ), seen AS (
        UPDATE positions p SET last_price = l.last, last_price_at = l.at,
            high_price = CASE WHEN p.quantity > 0 THEN GREATEST(p.high_price, l.last,
                CASE WHEN l.day > p.entry_day OR (p.seen_day = l.day AND l.high > p.seen_high)
                          OR (l.bar AND p.seen_day IS DISTINCT FROM l.day) THEN l.high END)
                ELSE p.high_price END,
            low_price = CASE WHEN p.quantity > 0 THEN LEAST(p.low_price, l.last,
                CASE WHEN l.day > p.entry_day OR (p.seen_day = l.day AND l.low < p.seen_low)
                          OR (l.bar AND p.seen_day IS DISTINCT FROM l.day) THEN l.low END)
                ELSE p.low_price END,
            seen_high = CASE WHEN p.seen_day = l.day THEN GREATEST(p.seen_high, l.high)
                        ELSE l.high END,
            seen_low = CASE WHEN p.seen_day = l.day THEN LEAST(p.seen_low, l.low) ELSE l.low END,
            seen_day = l.day, unpriced_since = NULL, unpriced_reason = NULL
        FROM look l, locked
        WHERE p.id = l.p AND locked.id = p.id AND p.closed_at IS NULL
          AND (p.last_price_at IS NULL OR p.last_price_at <= l.at)
        RETURNING 1
    )
    SELECT count(*) FROM seen
$$;

CREATE FUNCTION broker_unpriced(of_position bigint, why text, at timestamptz) RETURNS boolean
LANGUAGE sql AS $$
    UPDATE positions SET unpriced_since = COALESCE(unpriced_since, at), unpriced_reason = why
    WHERE id = of_position AND closed_at IS NULL RETURNING true
$$;

-- The trail raises the stop, never lowers it. close: what it was raised for (NULL: not known).
CREATE FUNCTION broker_move_stop(of_position bigint, to_price numeric, of_reason text,
                                 close numeric DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE positions SET stop_price = to_price, trail_high = GREATEST(trail_high, close)
    WHERE id = of_position AND quantity > 0 AND closed_at IS NULL
      AND to_price > COALESCE(stop_price, 0);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE orders SET stop_price = to_price, exit_reason = of_reason
    WHERE position_id = of_position AND kind = 'STOP' AND purpose = 'EXIT' AND state = 'OPEN';
    RETURN true;
END
$$;

-- Split and dividend at the open of an ex-day, before that day's prices are looked at. A position
-- opened on that day or later has them in its price already. price: of an old share, for the
-- cash paid instead of a fraction of a new one (0: the last one known).
CREATE FUNCTION broker_action(of_symbol text, ex date, ratio double precision, dividend numeric,
                              price numeric) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    p positions;
    a corporate_actions;
    split double precision := COALESCE(NULLIF(ratio, 0), 1);
    factor numeric := split::numeric;
    fraction double precision;
    lieu numeric := 0;
    cost numeric := 0;
BEGIN
    IF (SELECT state FROM control_state) = 'FLATTENING' THEN
        PERFORM FROM control_state FOR UPDATE;
    END IF;
    SELECT * INTO p FROM positions WHERE account_id = 1 AND symbol = of_symbol
    AND closed_at IS NULL AND COALESCE(entry_day, '-infinity') < ex FOR UPDATE;
    a.shares_before := COALESCE(p.quantity, 0);
    -- Ratios such as 1/3 are no exact doubles.
    a.shares_after := floor(a.shares_before * split + 1e-6);
    fraction := a.shares_before * split - a.shares_after;
    IF fraction > 1e-6 THEN
        lieu := round(fraction::numeric / factor *
                      COALESCE(NULLIF(price, 0), p.last_price, p.entry_price), 6);
        cost := CASE WHEN a.shares_after = 0 THEN p.cost_usd ELSE
                round(p.cost_usd * fraction::numeric / (a.shares_before * factor), 6) END;
    END IF;
    INSERT INTO corporate_actions (symbol, ex_day, split_ratio, dividend_usd, position_id,
                                   shares_before, shares_after, cash_usd)
    VALUES (of_symbol, ex, NULLIF(split, 1), NULLIF(dividend, 0), p.id, a.shares_before,
            a.shares_after, COALESCE(dividend, 0) * a.shares_before + lieu)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF p.id IS NULL THEN
        RETURN true;
    END IF;
    PERFORM ledger_move(t, 'cash', 'dividends', of_symbol, COALESCE(dividend, 0) * a.shares_before,
                        format('dividend %s of %s %s', dividend, a.shares_before, of_symbol),
                        desk_now()),
            ledger_move(t, 'cash', 'stock', of_symbol, cost, 'cash in lieu', desk_now()),
            ledger_move(t, 'cash', 'realised', of_symbol, lieu - cost, 'cash in lieu', desk_now())
    FROM broker_uuid(format('action %s %s', of_symbol, ex)) t;
    IF split <> 1 THEN
        PERFORM broker_split(p, a.shares_after, cost, split, ex);
    END IF;
    RETURN true;
END
$$;

-- Quantities times, prices divided by the ratio. A reverse split that leaves no whole share has
-- sold the position for cash.
CREATE FUNCTION broker_split(p positions, held bigint, cost_gone numeric, split double precision,
                             ex date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    factor numeric := split::numeric;
BEGIN
    -- Of an entry under way, what is not bought yet; filled shares stay as the fills have them.
    PERFORM broker_cancel_entry(id, 'a reverse split left no share') FROM orders
    WHERE position_id = p.id AND purpose = 'ENTRY' AND state = 'OPEN'
      AND (not_before AT TIME ZONE 'America/New_York')::date < ex
      AND (floor((quantity - filled) * split + 1e-6) = 0 OR (p.quantity > 0 AND held = 0));
    UPDATE orders SET quantity = filled + floor((quantity - filled) * split + 1e-6)::bigint,
                      adv_shares = adv_shares * split
    WHERE position_id = p.id AND purpose = 'ENTRY' AND state = 'OPEN'
      AND (not_before AT TIME ZONE 'America/New_York')::date < ex;
    IF p.quantity > 0 AND held = 0 THEN
        UPDATE positions SET quantity = 0, cost_usd = 0 WHERE id = p.id RETURNING * INTO p;
        PERFORM broker_finish(p, 'manual', 'a reverse split left no whole share', desk_now());
        PERFORM control_settle();
        RETURN;
    END IF;
    UPDATE positions SET quantity = held, bought = GREATEST(round(bought * split), held),
        cost_usd = cost_usd - cost_gone, atr = atr / split,
        entry_price = round(entry_price / factor, 4), stop_price = round(stop_price / factor, 4),
        target_price = round(target_price / factor, 4),
        initial_stop = round(initial_stop / factor, 4),
        trail_high = round(trail_high / factor, 4), high_price = round(high_price / factor, 4),
        low_price = round(low_price / factor, 4), last_price = round(last_price / factor, 4),
        seen_high = round(seen_high / factor, 4), seen_low = round(seen_low / factor, 4)
    WHERE id = p.id;
    UPDATE orders SET limit_price = round(limit_price / factor, 4),
        stop_price = round(stop_price / factor, 4), adv_shares = adv_shares * split
    WHERE position_id = p.id AND purpose = 'EXIT' AND state = 'OPEN';
    -- An exit ordered later takes the volume from the entry.
    UPDATE orders SET adv_shares = adv_shares * split
    WHERE position_id = p.id AND purpose = 'ENTRY' AND state <> 'OPEN';
    PERFORM broker_cover(p.id, held);
END
$$;

-- Equity of a session from the last prices. The last session's mark may be made anew, an older
-- one stays.
CREATE FUNCTION broker_mark(day date) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    -- Waits for bookings in flight, so that no lower ledger id appears later.
    PERFORM FROM accounts WHERE id = 1 FOR UPDATE;
    INSERT INTO equity_marks (session, cash_usd, stock_usd, peak_usd, ledger_to, parts, created_at)
    SELECT day, cash.usd, stock.usd,
           GREATEST(cash.usd + stock.usd, cash.capital,
                    (SELECT max(m.peak_usd) FROM equity_marks m WHERE m.account_id = 1
                     AND m.session < day)), cash.ledger_to, stock.parts, desk_now()
    FROM (SELECT COALESCE(sum(amount_usd) FILTER (WHERE book = 'cash'), 0) AS usd,
                 -COALESCE(sum(amount_usd) FILTER (WHERE book = 'capital'), 0) AS capital,
                 COALESCE(max(id), 0) AS ledger_to
          FROM ledger WHERE account_id = 1) cash,
         (SELECT COALESCE(sum(quantity * COALESCE(last_price, entry_price)), 0) AS usd,
                 COALESCE(jsonb_agg(jsonb_build_object('position', id, 'symbol', symbol,
                     'quantity', quantity, 'price', COALESCE(last_price, entry_price))
                     ORDER BY symbol), '[]') AS parts
          FROM positions WHERE account_id = 1 AND closed_at IS NULL AND quantity > 0) stock
    WHERE NOT EXISTS (SELECT FROM equity_marks m WHERE m.account_id = 1 AND m.session > day)
    ON CONFLICT (account_id, session) DO UPDATE SET cash_usd = EXCLUDED.cash_usd,
        stock_usd = EXCLUDED.stock_usd, peak_usd = EXCLUDED.peak_usd,
        ledger_to = EXCLUDED.ledger_to, parts = EXCLUDED.parts, created_at = EXCLUDED.created_at;
    RETURN FOUND;
END
$$;

-- What does not fit; no row: every cent is accounted for. Each figure is computed from other rows
-- than those that hold it.
CREATE FUNCTION ledger_proof() RETURNS TABLE (what text, expected numeric, found numeric)
LANGUAGE sql STABLE AS $$
    WITH book AS (
        SELECT COALESCE(sum(amount_usd) FILTER (WHERE l.book = 'cash'), 0) AS cash,
               COALESCE(sum(amount_usd) FILTER (WHERE l.book = 'capital'), 0) AS capital,
               COALESCE(sum(amount_usd) FILTER (WHERE l.book = 'realised'), 0) AS realised,
               COALESCE(sum(amount_usd) FILTER (WHERE l.book = 'fees'), 0) AS fees,
               COALESCE(sum(amount_usd) FILTER (WHERE l.book = 'dividends'), 0) AS dividends
        FROM ledger l
    ), held AS (
        SELECT p.id, p.symbol, p.state, p.quantity, p.cost_usd, s.*, t.id AS trade, t.pnl_dollars,
               t.fees_usd AS trade_fees
        FROM positions p JOIN position_sums s ON s.position_id = p.id
        LEFT JOIN trade_outcomes t ON t.position_id = p.id
    ), total AS (
        SELECT COALESCE(sum(sells - buys - fees + lieu + dividends), 0) AS flow,
               COALESCE(sum(CASE WHEN trade IS NOT NULL THEN pnl_dollars + trade_fees
                                 ELSE sells + lieu - (buys - cost_usd) END), 0) AS realised,
               COALESCE(sum(COALESCE(trade_fees, fees)), 0) AS fees,
               COALESCE(sum(dividends), 0) AS dividends
        FROM held
    ), fact (what, expected, found) AS (
        SELECT 'cash', total.flow - book.capital, book.cash FROM total, book
        UNION ALL SELECT 'realised', -total.realised, book.realised FROM total, book
        UNION ALL SELECT 'fees', total.fees, book.fees FROM total, book
        UNION ALL SELECT 'dividends', -total.dividends, book.dividends FROM total, book
        UNION ALL SELECT 'ledger transaction ' || transaction_id, 0, sum(amount_usd)
        FROM ledger GROUP BY transaction_id
        UNION ALL SELECT 'stock of ' || COALESCE(l.symbol, p.symbol, '?'), COALESCE(p.cost, 0),
                         COALESCE(l.usd, 0)
        FROM (SELECT symbol, sum(amount_usd) AS usd FROM ledger WHERE book = 'stock'
              GROUP BY symbol) l
        FULL JOIN (SELECT symbol, sum(cost_usd) AS cost FROM positions GROUP BY symbol) p
             ON p.symbol = l.symbol
        UNION ALL SELECT format('cash of fill %s', f.id),
                         CASE o.side WHEN 'BUY' THEN -1 ELSE 1 END * f.quantity * f.price
                         - f.fees_usd, COALESCE(l.usd, 0)
        FROM fills f JOIN orders o ON o.id = f.order_id
        LEFT JOIN (SELECT transaction_id, sum(amount_usd) AS usd FROM ledger WHERE book = 'cash'
                   GROUP BY transaction_id) l
             ON l.transaction_id = broker_uuid('fill ' || f.fill_key)
        UNION ALL SELECT format('shares filled of order %s', o.id), COALESCE(f.n, 0), o.filled
        FROM orders o LEFT JOIN (SELECT order_id, sum(quantity) AS n FROM fills
                                 GROUP BY order_id) f ON f.order_id = o.id
        UNION ALL SELECT format('shares of position %s %s', id, symbol), bought - sold + split,
                         quantity FROM held
        UNION ALL SELECT format('cost of closed position %s %s', id, symbol), 0, cost_usd
        FROM held WHERE state = 'CLOSED'
        UNION ALL SELECT format('trades of position %s %s', id, symbol),
                         (state = 'CLOSED' AND fills > 0)::int, (trade IS NOT NULL)::int FROM held
        UNION ALL SELECT format('P&L of trade %s %s', trade, symbol), sells + lieu - buys - fees,
                         pnl_dollars FROM held WHERE trade IS NOT NULL
        UNION ALL SELECT format('fees of trade %s %s', trade, symbol), fees, trade_fees
        FROM held WHERE trade IS NOT NULL
        UNION ALL SELECT format('cash of the mark of %s', session), so_far, cash_usd
        FROM (SELECT session, cash_usd, sum(usd) OVER (PARTITION BY account_id
                                                       ORDER BY upto, session NULLS FIRST) AS so_far
              FROM (SELECT account_id, id AS upto, amount_usd AS usd, NULL::date AS session,
                           NULL::numeric AS cash_usd FROM ledger WHERE book = 'cash'
                    UNION ALL SELECT account_id, ledger_to, 0, session, cash_usd
                    FROM equity_marks WHERE ledger_to IS NOT NULL) line) m
        WHERE session IS NOT NULL
        UNION ALL SELECT format('stock of the mark of %s', m.session),
                         (SELECT COALESCE(sum((x->>'quantity')::numeric * (x->>'price')::numeric),
                                          0) FROM jsonb_array_elements(m.parts) x), m.stock_usd
        FROM equity_marks m WHERE m.ledger_to IS NOT NULL
        UNION ALL SELECT format('peak of the mark of %s', m.session),
                         GREATEST(-(SELECT capital FROM book), max(m.equity_usd) OVER
                                  (PARTITION BY m.account_id ORDER BY m.session)), m.peak_usd
        FROM equity_marks m WHERE m.ledger_to IS NOT NULL
    )
    SELECT fact.what, fact.expected, fact.found FROM fact
    WHERE fact.expected IS DISTINCT FROM fact.found ORDER BY fact.what
$$;
