-- Who watches hears at once that a table changed, and asks again. A hint and no more: it may be lost
-- (a pooler, a lost connection), so everything is polled as well. One hint a table and transaction;
-- the payload is the table's name, never its content. A full queue would refuse the commit: hints
-- end when one listener that never reads (a stopped console) has filled half of it.

CREATE FUNCTION hint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_notification_queue_usage() < .5 THEN
        PERFORM pg_notify('quorum', TG_ARGV[0]);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hint() IS 'NOTIFY quorum, ''table''';

-- Rows, not statements: most updates of a waiting engine find none. A partition's trigger knows only
-- the partition, hence the argument.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['desk', 'desk_setting', 'positions', 'orders',
                             'trade_outcomes', 'equity_marks', 'alerts', 'strategy_adjustments',
                             'learning_cycles', 'operator_actions',
                             'control_state', 'day_plan'] LOOP
        EXECUTE format('CREATE TRIGGER hint AFTER INSERT OR UPDATE OR DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION hint(%L)', t, t);
    END LOOP;
END
$$;

-- A lease renewed and a call on its way change nothing that is shown.
CREATE TRIGGER hint AFTER INSERT OR DELETE ON evaluations
    FOR EACH ROW EXECUTE FUNCTION hint('evaluations');
CREATE TRIGGER hint_state AFTER UPDATE ON evaluations
    FOR EACH ROW WHEN ((OLD.state, OLD.decision, OLD.order_result) IS DISTINCT FROM
                       (NEW.state, NEW.decision, NEW.order_result))
    EXECUTE FUNCTION hint('evaluations');
CREATE TRIGGER hint AFTER INSERT OR UPDATE ON agent_interactions
    FOR EACH ROW WHEN (NEW.status NOT IN ('RESERVED', 'SENT'))
    EXECUTE FUNCTION hint('agent_interactions');

-- A heartbeat is no news; an engine that comes or goes is.
CREATE TRIGGER hint AFTER INSERT OR DELETE ON engines
    FOR EACH ROW EXECUTE FUNCTION hint('engines');
CREATE TRIGGER hint_state AFTER UPDATE ON engines
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION hint('engines');
