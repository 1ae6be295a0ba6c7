DROP FUNCTION alert_rules();
ALTER FUNCTION alert_rules_0009() RENAME TO alert_rules;
CREATE OR REPLACE FUNCTION alert_conditions_adjustments()
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
DROP FUNCTION review_unaudited();
DROP FUNCTION review_record(text);
DROP FUNCTION review_shadow_done(bigint, jsonb);
DROP FUNCTION review_measured(bigint, jsonb, jsonb, text);
DROP FUNCTION review_pass();
DROP FUNCTION review_propose(text, numeric, numeric, text, text, double precision, text, text,
                             text, text, jsonb, bigint);
DROP FUNCTION review_days_since_rollback(text, numeric);
DROP FUNCTION review_undo(bigint, text, text);
DROP FUNCTION review_revert(bigint, integer, text, text, text, text);
DROP FUNCTION review_unshadow(bigint, integer, text, text, text, text);
DROP FUNCTION review_reopen(bigint);
DROP FUNCTION review_shadow(bigint, integer, text, text, text, text, integer);
DROP FUNCTION review_defer(bigint, integer, text, text, text, text, interval);
DROP FUNCTION review_reject(bigint, integer, text, text, text, text);
DROP FUNCTION review_approve(bigint, integer, text, text, text, text, interval);
DROP FUNCTION review_take_back(strategy_adjustments, text, text, text, text);
DROP FUNCTION review_supersede(strategy_adjustments, text);
DROP FUNCTION review_apply(strategy_adjustments, text, text, text, text, text);
DROP FUNCTION review_leaning(jsonb);
DROP FUNCTION review_audit(strategy_adjustments, text, text, text, text, text);
DROP FUNCTION review_refusal(strategy_adjustments, bigint, integer, text, text[]);
DROP TRIGGER parameter_versions_follow ON parameter_versions;
DROP FUNCTION review_follow();
DROP FUNCTION review_moved(text, jsonb);
DROP FUNCTION review_values();
DROP FUNCTION review_beside(bigint, text);
DROP FUNCTION review_verdict(jsonb, text);
DROP FUNCTION review_no_reason(text, text, boolean);
DROP FUNCTION review_expired(timestamptz);
DROP FUNCTION review_pending_ids();
DROP FUNCTION review_invalid(text, numeric);
DROP FUNCTION review_in_force(text);
DROP FUNCTION review_lock(bigint);
DROP FUNCTION review_refused(bigint, text, text, text);
DROP TYPE review_answer;
DROP TRIGGER strategy_adjustments_stamp ON strategy_adjustments;
DROP FUNCTION review_stamp();
DROP FUNCTION review_change(strategy_adjustments);
DROP FUNCTION review_value(numeric);
DROP INDEX strategy_adjustments_measuring;
DROP INDEX strategy_adjustments_parameter;
-- "Off" had no number.
UPDATE strategy_adjustments SET old_value = COALESCE(old_value, 0),
    new_value = COALESCE(new_value, 0) WHERE old_value IS NULL OR new_value IS NULL;
ALTER TABLE strategy_adjustments
    ALTER COLUMN old_value SET NOT NULL,
    ALTER COLUMN new_value SET NOT NULL,
    DROP COLUMN cycle_id,
    DROP COLUMN proposed_by,
    DROP COLUMN gate_reason,
    DROP COLUMN digest,
    DROP COLUMN last_change,
    DROP COLUMN changed_at,
    DROP COLUMN stale,
    DROP COLUMN expires_left,
    DROP COLUMN hidden_until,
    DROP COLUMN apply_after,
    DROP COLUMN acted_at,
    DROP COLUMN decided_origin,
    DROP COLUMN base_version,
    DROP COLUMN reverts,
    DROP COLUMN rolled_back_at,
    DROP COLUMN reviewing_by,
    DROP COLUMN reviewing_until,
    DROP COLUMN shadow_trades,
    DROP COLUMN shadow_from,
    DROP COLUMN measure,
    DROP COLUMN measured,
    DROP COLUMN measured_at;
