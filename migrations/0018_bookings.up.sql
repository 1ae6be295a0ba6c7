-- What a booking costs the one who waits for it.

-- The payload's table is partitioned, and a plan for one known month always looks cheaper than the
-- general one: without this, the statement is planned anew for every reply.
ALTER FUNCTION budget_settle SET plan_cache_mode TO force_generic_plan;

-- As before; but a function in SQL is planned once a transaction, this one once a session.
CREATE OR REPLACE FUNCTION audit_hash(r operator_actions) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    field text;
    line text;
BEGIN
    FOREACH field IN ARRAY ARRAY[
        r.id::text,
        to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        r.operator, r.origin, r.db_role, r.verb, r.object, r.reason, r.before, r.after,
        r.prev_hash] LOOP
        line := concat_ws('|', line, length(field) || ':' || field);
    END LOOP;
    RETURN encode(sha256(convert_to(line, 'UTF8')), 'hex');
END
$$;

-- A baseline's vote comes with a step of its evaluation, which has a hint of its own.
DROP TRIGGER hint ON agent_interactions;
CREATE TRIGGER hint AFTER INSERT OR UPDATE ON agent_interactions
    FOR EACH ROW WHEN (NEW.model IS NOT NULL AND NEW.status NOT IN ('RESERVED', 'SENT'))
    EXECUTE FUNCTION hint('agent_interactions');

-- The last mark's cash, which waited for the bookings in flight and is proven by ledger_proof(), and
-- what was booked since: the whole ledger is years long. The capital is a row or two of it.
CREATE FUNCTION ledger_cash(account integer) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE
    last equity_marks;
BEGIN
    SELECT * INTO last FROM equity_marks e WHERE e.account_id = account AND e.ledger_to IS NOT NULL
    ORDER BY e.session DESC LIMIT 1;
    RETURN COALESCE(last.cash_usd, 0) + (
        SELECT COALESCE(sum(l.amount_usd), 0) FROM ledger l WHERE l.account_id = account
        AND l.book = 'cash' AND l.id > COALESCE(last.ledger_to, 0));
END
$$;

CREATE OR REPLACE FUNCTION broker_cash() RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT ledger_cash(1)
$$;

CREATE INDEX ledger_capital ON ledger (account_id) WHERE book = 'capital';

CREATE OR REPLACE FUNCTION account_figures(account integer, OUT today date, OUT cash numeric,
    OUT reserved numeric, OUT equity numeric, OUT day_start numeric, OUT week_start numeric,
    OUT peak numeric)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    capital numeric;
    last equity_marks;
BEGIN
    today := exchange_now()::date;
    cash := ledger_cash(account);
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
