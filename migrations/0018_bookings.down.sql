-- Down: what 0018_bookings.up.sql changed is as it was.

ALTER FUNCTION budget_settle RESET plan_cache_mode;

CREATE OR REPLACE FUNCTION audit_hash(r operator_actions) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(string_agg(length(f) || ':' || f, '|' ORDER BY n), 'UTF8')),
                  'hex')
    FROM unnest(ARRAY[
        r.id::text,
        to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        r.operator, r.origin, r.db_role, r.verb, r.object, r.reason, r.before, r.after,
        r.prev_hash]) WITH ORDINALITY AS t(f, n)
$$;

DROP TRIGGER hint ON agent_interactions;
CREATE TRIGGER hint AFTER INSERT OR UPDATE ON agent_interactions
    FOR EACH ROW WHEN (NEW.status NOT IN ('RESERVED', 'SENT'))
    EXECUTE FUNCTION hint('agent_interactions');

DROP INDEX ledger_capital;

CREATE OR REPLACE FUNCTION broker_cash() RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT COALESCE(sum(amount_usd), 0) FROM ledger WHERE account_id = 1 AND book = 'cash'
$$;

CREATE OR REPLACE FUNCTION account_figures(account integer, OUT today date, OUT cash numeric,
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

DROP FUNCTION ledger_cash(integer);
