-- What becomes of a proposed change (docs/learning.md). One transaction each: the row under lock,
-- what was looked at compared, the parameter's version and the audit written together. Times are
-- the desk's but for the hold, the soft lock and acted_at, which are a person's.

ALTER TABLE strategy_adjustments
    ALTER COLUMN old_value DROP NOT NULL,  -- NULL: off
    ALTER COLUMN new_value DROP NOT NULL,
    ADD COLUMN cycle_id        bigint,
    ADD COLUMN proposed_by     text NOT NULL DEFAULT 'baseline',
    ADD COLUMN gate_reason     text NOT NULL DEFAULT '',  -- why not applied by itself, or rejected
    ADD COLUMN digest          text NOT NULL DEFAULT '',  -- of what a person is shown
    ADD COLUMN last_change     text NOT NULL DEFAULT '',  -- what made the version count up
    ADD COLUMN changed_at      timestamptz NOT NULL DEFAULT desk_now(),  -- of its status
    ADD COLUMN stale           text NOT NULL DEFAULT '',  -- what its evidence was measured with
    ADD COLUMN expires_left    interval,     -- of a shadow: its expiry rests
    ADD COLUMN hidden_until    timestamptz,
    ADD COLUMN apply_after     timestamptz,  -- machine time
    ADD COLUMN acted_at        timestamptz,  -- machine time of the last decision
    ADD COLUMN decided_origin  text NOT NULL DEFAULT '',
    ADD COLUMN base_version    bigint,       -- parameter's version in force when it was approved
    ADD COLUMN reverts         bigint REFERENCES strategy_adjustments,
    ADD COLUMN rolled_back_at  timestamptz,
    ADD COLUMN reviewing_by    text,
    ADD COLUMN reviewing_until timestamptz,  -- machine time
    ADD COLUMN shadow_trades   integer CHECK (shadow_trades > 0),
    ADD COLUMN shadow_from     timestamptz,
    ADD COLUMN measure         jsonb,        -- the rule, fixed when it was applied
    ADD COLUMN measured        jsonb,
    ADD COLUMN measured_at     timestamptz;
COMMENT ON COLUMN strategy_adjustments.digest IS
    'SHA-256 of parameter, values, confidence, risk, priority, reasoning, evidence and stale; '
    'version counts up whenever it changes, whoever changes it';
CREATE INDEX strategy_adjustments_measuring ON strategy_adjustments (id)
    WHERE status IN ('APPLIED', 'AUTO_APPLIED') AND measured->>'state' = 'measuring';
CREATE INDEX strategy_adjustments_parameter ON strategy_adjustments (parameter_name, id DESC);

CREATE FUNCTION review_value(x numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(trim_scale(x)::text, 'off')
$$;
CREATE FUNCTION review_change(a strategy_adjustments) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('%s %s -> %s', a.parameter_name, review_value(a.old_value),
                  review_value(a.new_value))
$$;

CREATE FUNCTION review_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.digest := encode(sha256(convert_to(jsonb_build_array(NEW.parameter_name, NEW.old_value,
        NEW.new_value, NEW.confidence_score, NEW.risk_level, NEW.priority, NEW.reasoning,
        NEW.evidence, NEW.stale)::text, 'UTF8')), 'hex');
    IF TG_OP = 'UPDATE' AND NEW.status <> OLD.status THEN
        NEW.changed_at := desk_now();
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.digest <> '' AND NEW.digest <> OLD.digest THEN
        NEW.version := OLD.version + 1;
        NEW.last_change := CASE
            WHEN NEW.stale <> OLD.stale AND NEW.stale <> '' THEN NEW.stale
            WHEN NEW.new_value IS DISTINCT FROM OLD.new_value
                THEN format('new value %s -> %s', review_value(OLD.new_value),
                            review_value(NEW.new_value))
            WHEN NEW.old_value IS DISTINCT FROM OLD.old_value
                THEN format('old value %s -> %s', review_value(OLD.old_value),
                            review_value(NEW.old_value))
            WHEN round(NEW.confidence_score) <> round(OLD.confidence_score)
                THEN format('confidence %s -> %s', round(OLD.confidence_score),
                            round(NEW.confidence_score))
            WHEN NEW.risk_level <> OLD.risk_level
                THEN format('risk %s -> %s', OLD.risk_level, NEW.risk_level)
            WHEN NEW.priority <> OLD.priority
                THEN format('priority %s -> %s', OLD.priority, NEW.priority)
            WHEN NEW.stale <> OLD.stale THEN 'measured with what is in force'
            WHEN NEW.evidence IS DISTINCT FROM OLD.evidence THEN 'its evidence'
            WHEN NEW.reasoning <> OLD.reasoning THEN 'its wording'
            ELSE 'its confidence' END;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER strategy_adjustments_stamp BEFORE INSERT OR UPDATE ON strategy_adjustments
    FOR EACH ROW EXECUTE FUNCTION review_stamp();
UPDATE strategy_adjustments SET digest = '',
    changed_at = COALESCE(applied_at, decided_at, created_at);

-- ---- what every verb asks first

-- code '' is done; else the code of docs/errors.md, and nothing was changed.
CREATE TYPE review_answer AS (id bigint, code text, words text, fix text, status text,
                              apply_at timestamptz);

CREATE FUNCTION review_refused(of_id bigint, code text, words text, fix text)
RETURNS review_answer LANGUAGE sql IMMUTABLE AS $$
    SELECT (of_id, code, words, fix, '', NULL)::review_answer
$$;

-- The row, under the one lock of all that decides or applies; all NULL when there is none.
CREATE FUNCTION review_lock(of_id bigint) RETURNS strategy_adjustments LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments;
BEGIN
    PERFORM pg_advisory_xact_lock(713000014);
    SELECT * INTO a FROM strategy_adjustments WHERE id = of_id FOR UPDATE;
    RETURN a;
END
$$;

-- The value in force, NULL: off, and its version, NULL: the baseline, never set.
CREATE FUNCTION review_in_force(of_name text, OUT registered boolean, OUT value numeric,
                                OUT version bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT COALESCE(CASE WHEN of_name = 'exploration_pct' THEN
               (SELECT s.value::numeric FROM desk_setting s WHERE s.name = 'QUORUM_EXPLORATION_PCT'
                ORDER BY s.id DESC LIMIT 1) END, p.baseline)
    INTO value FROM parameters p WHERE p.name = of_name;
    registered := FOUND;
    SELECT v.id INTO version FROM parameter_versions v WHERE v.name = of_name
    ORDER BY v.id DESC LIMIT 1;
    IF FOUND THEN
        SELECT v.value INTO value FROM parameter_versions v WHERE v.id = version;
    END IF;
END
$$;

-- NULL, or why the registry does not allow this value.
CREATE FUNCTION review_invalid(of_name text, x numeric) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    p record;
BEGIN
    SELECT q.low::numeric AS low, q.high::numeric AS high, q.step::numeric AS step, q.class INTO p
    FROM parameters q WHERE q.name = of_name;
    IF NOT FOUND THEN
        RETURN format('%s is no parameter that may be changed', of_name);
    ELSIF x IS NULL AND p.class <> 'filter' THEN
        RETURN format('%s cannot be off', of_name);
    ELSIF x NOT BETWEEN p.low AND p.high THEN
        RETURN format('%s is outside %s..%s for %s', review_value(x), review_value(p.low),
                      review_value(p.high), of_name);
    ELSIF mod(x - p.low, p.step) <> 0 THEN
        RETURN format('%s is not on the step of %s from %s for %s', review_value(x),
                      review_value(p.step), review_value(p.low), of_name);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION review_pending_ids() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT COALESCE(string_agg(w.id::text, ' ' ORDER BY w.id), 'none')
    FROM (SELECT a.id FROM strategy_adjustments a WHERE a.status = 'PENDING'
          ORDER BY a.id LIMIT 20) w
$$;

-- "stop_mult was 1.5; it is 2 now": what the figures of this evidence were computed with and is
-- not in force any more. Sizes change no result in R; the parameter itself is compared elsewhere.
CREATE FUNCTION review_moved(of_name text, proof jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN COALESCE((
        SELECT string_agg(format('%s was %s; it is %s now', p.name,
                   review_value((k.value #>> '{}')::numeric), review_value(f.value)), ', '
                   ORDER BY p.position)
        FROM jsonb_each(CASE jsonb_typeof(proof->'parameters') WHEN 'object'
                        THEN proof->'parameters' ELSE '{}' END) k
            JOIN parameters p ON p.name = k.key AND p.class <> 'size' AND p.name <> of_name
            CROSS JOIN LATERAL review_in_force(p.name) f
        WHERE jsonb_typeof(k.value) IN ('number', 'null')
          AND round((k.value #>> '{}')::numeric, 6) IS DISTINCT FROM f.value), '');
END
$$;

-- The values in force of all parameters, as evidence keeps them.
CREATE FUNCTION review_values() RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(p.name, trim_scale(f.value))
            FROM parameters p CROSS JOIN LATERAL review_in_force(p.name) f);
END
$$;

-- Whoever sets a parameter: what waits was compared under other values, and says so from now on.
CREATE FUNCTION review_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE strategy_adjustments s SET stale = review_moved(s.parameter_name, s.evidence)
    WHERE s.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')
      AND s.parameter_name <> NEW.name
      AND s.stale <> review_moved(s.parameter_name, s.evidence);
    RETURN NULL;
END
$$;
CREATE TRIGGER parameter_versions_follow AFTER INSERT ON parameter_versions
    FOR EACH ROW EXECUTE FUNCTION review_follow();

-- What else is being measured: two changes at once cannot be told apart. NULL: nothing.
CREATE FUNCTION review_beside(of_id bigint, of_name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(format('#%s %s', s.id, s.parameter_name), ', ' ORDER BY s.id)
    FROM strategy_adjustments s
    WHERE s.status IN ('APPLIED', 'AUTO_APPLIED') AND s.measured->>'state' = 'measuring'
      AND s.id <> of_id AND s.parameter_name <> of_name
$$;

-- The verdict, with how many were compared: the interval is that of one change, and a proposal is
-- the best of many. Only priority HIGH is judged against all ever compared.
CREATE FUNCTION review_verdict(proof jsonb, of_priority text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN v <> 'PROVEN' OR n IS NULL OR n !~ '^[0-9]{1,9}$' OR n::bigint < 2 THEN v
                WHEN of_priority = 'HIGH' THEN format('PROVEN against all %s compared', ever)
                ELSE format('PROVEN alone; best of %s compared', n) END
    FROM (SELECT proof->>'verdict' AS v, COALESCE(proof->>'compared', proof->>'ever_compared') AS n,
                 COALESCE(proof->>'ever_compared', proof->>'compared') AS ever) w
$$;

-- NULL, or why it is no reason. `needed`: none at all is not enough.
CREATE FUNCTION review_no_reason(verb text, why text, needed boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN NOT needed AND trim(why) = '' THEN NULL
        WHEN needed AND length(trim(why)) < 3
            THEN format('%s needs a reason of at least 3 characters', verb)
        WHEN length(why) > 400
            THEN format('the reason has %s characters; at most 400 are kept', length(why))
        -- neither ASCII's letters and digits, nor what lies behind the signs of other scripts
        WHEN why !~ '[0-9A-Za-z]' AND why !~ '[^\u0001-\u00bf\u2000-\u206f\u3000-\u303f]'
            THEN format('%s needs a reason in words', verb) END
$$;

-- Nobody decided in its time. A cycle that is due may renew it: while one is, it waits for it.
CREATE FUNCTION review_expired(expires timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN expires <= desk_now()
        AND NOT (expires > desk_now() - interval '6 hours'
                 AND EXISTS (SELECT FROM jobs j WHERE j.kind = 'learn'
                             AND j.state IN ('available', 'running')
                             AND j.due_at <= expires + interval '1 hour'));
END
$$;

-- Why it cannot be done to this row: E10-E13; code '' when it can.
CREATE FUNCTION review_refusal(a strategy_adjustments, of_id bigint, looked_version integer,
                               looked_digest text, allowed text[])
RETURNS review_answer LANGUAGE plpgsql STABLE AS $$
DECLARE
    who record;
BEGIN
    IF a.id IS NULL THEN
        RETURN review_refused(of_id, 'E10', format('no adjustment #%s', of_id),
            format('pending: %s; all: quorum adjustments', review_pending_ids()));
    ELSIF a.status = 'EXPIRED' OR (a.status IN ('PENDING', 'DEFERRED')
                                   AND review_expired(a.expires_at)) THEN
        RETURN review_refused(of_id, 'E13', format('#%s expired at %s; it was not applied', of_id,
            minute_text(a.expires_at)), 'the next cycle may propose it again');
    ELSIF NOT a.status = ANY (allowed) THEN
        -- Who did what it is now: of a rolled back one who took it back, by a row of its own.
        SELECT o.decided_by || COALESCE('@' || NULLIF(o.decided_origin, ''), '') AS name INTO who
        FROM strategy_adjustments o
        WHERE CASE a.status WHEN 'ROLLED_BACK' THEN o.reverts = a.id ELSE o.id = a.id END
        ORDER BY o.id DESC LIMIT 1;
        RETURN review_refused(of_id, 'E11', format('#%s is %s: %s%s%s%s', of_id,
            CASE WHEN 'PENDING' = ANY (allowed) THEN 'not pending'
                 WHEN 'SHADOW' = ANY (allowed) THEN 'not in shadow'
                 ELSE 'not applied' END,
            lower(replace(a.status, '_', ' ')), COALESCE(' by ' || who.name, ''),
            ' at ' || minute_text(a.changed_at),
            COALESCE(CASE WHEN a.status = 'ROLLED_BACK'
                     THEN ' (applied ' || minute_text(a.applied_at) || ')' END,
                     ' (' || NULLIF(a.decision_reason, '') || ')', '')),
            CASE a.status WHEN 'APPROVED' THEN 'until it is applied: undo'
                WHEN 'SHADOW' THEN format('to end it: unshadow %s', of_id)
                ELSE format('quorum adjustment %s tells all', of_id) END);
    ELSIF (looked_version > 0 AND looked_version <> a.version)
          OR (looked_digest <> '' AND looked_digest <> a.digest) THEN
        RETURN review_refused(of_id, 'E12', format('#%s changed while you looked%s', of_id,
            COALESCE(' (' || NULLIF(a.last_change, '') || ')', '')), 'read it again');
    END IF;
    RETURN review_refused(of_id, '', '', '');
END
$$;

CREATE FUNCTION review_audit(a strategy_adjustments, who text, origin text, verb text, why text,
                             after text)
RETURNS bigint LANGUAGE sql AS $$
    SELECT audit_append(who, origin, verb, 'adjustment ' || a.id, COALESCE(why, ''),
                        format('%s, version %s', a.status, a.version), after)
$$;

-- ---- a change is applied, and taken back

-- What is told of a change whose measuring ends before its rule has an answer: by how likely it is
-- better, percent.
CREATE FUNCTION review_leaning(measured jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN (measured->>'confidence')::numeric >= 80 THEN 'better'
                WHEN (measured->>'confidence')::numeric <= 20 THEN 'worse' ELSE 'unclear' END
$$;

-- The parameter's new version. The row is locked and valid. What else waits for this parameter is
-- about a value that is no longer in force; what was measured of it ends undecided.
CREATE FUNCTION review_apply(a strategy_adjustments, who text, origin text, why text, verb text,
                             becomes text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
    other strategy_adjustments;
BEGIN
    INSERT INTO parameter_versions (name, value, adjustment_id, set_by)
    VALUES (a.parameter_name, a.new_value, a.id, who) RETURNING id INTO made;
    UPDATE strategy_adjustments s SET measured_at = desk_now(), measured = s.measured
        || jsonb_build_object('state', review_leaning(s.measured), 'text',
                              format('%s; then #%s changed it again', s.measured->>'text', a.id))
    WHERE s.parameter_name = a.parameter_name AND s.id <> a.id
      AND s.status IN ('APPLIED', 'AUTO_APPLIED') AND s.measured->>'state' = 'measuring';
    UPDATE strategy_adjustments s SET status = becomes, applied_at = desk_now(),
        apply_after = NULL, hidden_until = NULL,
        measure = CASE WHEN a.reverts IS NULL THEN jsonb_build_object('metric',
            'mean R a trade, clipped to [-3, 5], less the same trades by the old value',
            'trades', 60, 'days', 90, 'e', 10, 'drawdown_part', 1.5, 'paths', 1000, 'seed', a.id,
            'version', made) END,
        measured = CASE WHEN a.reverts IS NULL THEN jsonb_build_object('state', 'measuring',
            'n', 0, 'text', '0 of 60 trades, 0 of 90 days') END,
        measured_at = CASE WHEN a.reverts IS NULL THEN desk_now() END
    WHERE s.id = a.id;
    PERFORM audit_append(who, origin, verb, 'adjustment ' || COALESCE(a.reverts, a.id),
        COALESCE(why, ''),
        format('%s %s', a.parameter_name, review_value(a.old_value)),
        format('%s %s, version %s', a.parameter_name, review_value(a.new_value), made));
    FOR other IN SELECT * FROM strategy_adjustments s
                 WHERE s.parameter_name = a.parameter_name AND s.id <> a.id
                   AND s.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')
                 ORDER BY s.id FOR UPDATE LOOP
        PERFORM review_supersede(other, format('#%s made it %s', a.id, review_value(a.new_value)));
    END LOOP;
    RETURN made;
END
$$;

CREATE FUNCTION review_supersede(a strategy_adjustments, why text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE strategy_adjustments s SET status = 'SUPERSEDED', decided_at = desk_now(),
        decided_by = 'desk', decided_origin = '', decision_reason = why, apply_after = NULL,
        hidden_until = NULL
    WHERE s.id = a.id;
    PERFORM review_audit(a, 'desk', '', 'supersede', why, 'SUPERSEDED');
END
$$;

-- The old value as a new version, by a row of its own; the row itself is ROLLED_BACK and the same
-- change is blocked. NULL when a later version is in force: another row's to take back.
CREATE FUNCTION review_take_back(a strategy_adjustments, who text, origin text, why text,
                                 verb text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    back strategy_adjustments;
BEGIN
    IF a.id IS DISTINCT FROM (SELECT v.adjustment_id FROM parameter_versions v
                              WHERE v.name = a.parameter_name ORDER BY v.id DESC LIMIT 1) THEN
        RETURN NULL;
    END IF;
    UPDATE strategy_adjustments s SET status = 'ROLLED_BACK', rolled_back_at = desk_now(),
        measured = CASE WHEN s.measured->>'state' = 'measuring' THEN s.measured
                        || jsonb_build_object('state', review_leaning(s.measured), 'text',
                           format('%s; taken back by %s', s.measured->>'text', who))
                   ELSE s.measured END
    WHERE s.id = a.id;
    INSERT INTO strategy_adjustments (parameter_name, old_value, new_value, confidence_score,
        status, reasoning, risk_level, priority, evidence, decided_by, decided_origin, decided_at,
        acted_at, decision_reason, proposed_by, reverts, cycle_id)
    VALUES (a.parameter_name, a.new_value, a.old_value, a.confidence_score, 'APPLIED',
        format('restores the value before #%s: %s', a.id, why), a.risk_level, a.priority,
        jsonb_build_object('by', who, 'reverts', a.id), who, origin, desk_now(),
        clock_timestamp(), why, who, a.id, a.cycle_id)
    RETURNING * INTO back;
    PERFORM review_apply(back, who, origin, why, verb, 'APPLIED');
    RETURN back.id;
END
$$;

-- ---- what a person decides

CREATE FUNCTION review_approve(of_id bigint, looked_version integer, looked_digest text, why text,
                               who text, origin text, hold interval)
RETURNS review_answer LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments := review_lock(of_id);
    answer review_answer := review_refusal(a, of_id, looked_version, looked_digest,
                                           '{PENDING,DEFERRED}');
    now_is record;
    other bigint;
    problem text;
    at timestamptz := clock_timestamp() + hold;
BEGIN
    IF answer.code <> '' THEN
        RETURN answer;
    ELSIF (a.risk_level <> 'LOW' OR a.stale <> '') AND length(trim(why)) < 3 THEN
        RETURN review_refused(of_id, 'E05', CASE WHEN a.stale = ''
            THEN format('approve needs a reason: #%s has risk %s', of_id, a.risk_level)
            ELSE format('approve needs a reason: #%s was measured while %s', of_id, a.stale) END,
            CASE WHEN a.stale = '' THEN format('approve %s "why it is worth it"', of_id)
            ELSE format('look again with whatif %s', of_id) END);
    ELSIF review_no_reason('approve', why, false) IS NOT NULL THEN
        RETURN review_refused(of_id, 'E05', review_no_reason('approve', why, false), '');
    END IF;
    problem := review_invalid(a.parameter_name, a.new_value);
    SELECT * INTO now_is FROM review_in_force(a.parameter_name);
    SELECT s.id INTO other FROM strategy_adjustments s
    WHERE s.parameter_name = a.parameter_name AND s.id <> a.id AND s.status = 'APPROVED' LIMIT 1;
    IF problem IS NOT NULL THEN
        RETURN review_refused(of_id, 'E14', problem || '; nothing was applied',
                              format('reject %s "not allowed any more"', of_id));
    ELSIF other IS NOT NULL THEN
        RETURN review_refused(of_id, 'E15', format('#%s and #%s change the same parameter', other,
            of_id), 'decide one, then the other is re-based');
    ELSIF now_is.value IS DISTINCT FROM a.old_value THEN
        RETURN review_refused(of_id, 'E12', format('%s is %s now, not %s as when #%s was proposed',
            a.parameter_name, review_value(now_is.value), review_value(a.old_value), of_id),
            'nothing was applied; the next cycle judges it anew');
    END IF;
    UPDATE strategy_adjustments s SET status = 'APPROVED', decided_by = who,
        decided_origin = origin, decided_at = desk_now(), decision_reason = why,
        acted_at = clock_timestamp(), apply_after = at, hidden_until = NULL,
        base_version = now_is.version, reviewing_by = NULL, reviewing_until = NULL
    WHERE s.id = of_id;
    PERFORM review_audit(a, who, origin, 'approve', why, format('APPROVED %s, digest %s',
        review_change(a), a.digest));
    RETURN (of_id, '', format('approved #%s: %s', of_id, review_change(a)), '', 'APPROVED',
            at)::review_answer;
END
$$;

CREATE FUNCTION review_reject(of_id bigint, looked_version integer, looked_digest text, why text,
                              who text, origin text)
RETURNS review_answer LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments := review_lock(of_id);
    answer review_answer := review_refusal(a, of_id, looked_version, looked_digest,
                                           '{PENDING,DEFERRED,SHADOW}');
BEGIN
    IF answer.code <> '' THEN
        RETURN answer;
    ELSIF review_no_reason('reject', why, true) IS NOT NULL THEN
        RETURN review_refused(of_id, 'E05', review_no_reason('reject', why, true),
                              format('reject %s "too few trades"', of_id));
    END IF;
    UPDATE strategy_adjustments s SET status = 'REJECTED', decided_by = who,
        decided_origin = origin, decided_at = desk_now(), decision_reason = why,
        acted_at = clock_timestamp(), hidden_until = NULL, reviewing_by = NULL,
        reviewing_until = NULL
    WHERE s.id = of_id;
    PERFORM review_audit(a, who, origin, 'reject', why, 'REJECTED ' || review_change(a));
    RETURN (of_id, '', format('rejected #%s: %s', of_id, review_change(a)), '', 'REJECTED',
            NULL)::review_answer;
END
$$;

-- The expiry stays: hidden at most until six hours before it.
CREATE FUNCTION review_defer(of_id bigint, looked_version integer, looked_digest text, why text,
                             who text, origin text, wait interval)
RETURNS review_answer LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments := review_lock(of_id);
    answer review_answer := review_refusal(a, of_id, looked_version, looked_digest,
                                           '{PENDING,DEFERRED}');
    wanted timestamptz := desk_now() + wait;
    until timestamptz := LEAST(wanted, a.expires_at - interval '6 hours');
BEGIN
    IF answer.code <> '' THEN
        RETURN answer;
    ELSIF review_no_reason('defer', why, false) IS NOT NULL THEN
        RETURN review_refused(of_id, 'E05', review_no_reason('defer', why, false), '');
    ELSIF until <= desk_now() THEN
        RETURN review_refused(of_id, 'E13', format('#%s expires at %s, in less than 6 hours: it '
            'cannot be put off', of_id, minute_text(a.expires_at)), 'approve or reject it');
    END IF;
    UPDATE strategy_adjustments s SET status = 'DEFERRED', hidden_until = until,
        decided_by = who, decided_origin = origin, decided_at = desk_now(), decision_reason = why,
        acted_at = clock_timestamp(), reviewing_by = NULL, reviewing_until = NULL
    WHERE s.id = of_id;
    PERFORM review_audit(a, who, origin, 'defer', why, 'DEFERRED until ' || minute_text(until));
    RETURN (of_id, '', format('put off #%s until %s%s', of_id, minute_text(until),
        CASE WHEN until < wanted THEN format(', 6 h before it expires at %s',
             minute_text(a.expires_at)) ELSE '' END), '', 'DEFERRED', NULL)::review_answer;
END
$$;

-- Its expiry rests while it runs.
CREATE FUNCTION review_shadow(of_id bigint, looked_version integer, looked_digest text, why text,
                              who text, origin text, trades integer)
RETURNS review_answer LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments := review_lock(of_id);
    answer review_answer := review_refusal(a, of_id, looked_version, looked_digest,
                                           '{PENDING,DEFERRED}');
BEGIN
    IF answer.code <> '' THEN
        RETURN answer;
    ELSIF review_no_reason('shadow', why, false) IS NOT NULL THEN
        RETURN review_refused(of_id, 'E05', review_no_reason('shadow', why, false), '');
    ELSIF review_invalid(a.parameter_name, a.new_value) IS NOT NULL THEN
        RETURN review_refused(of_id, 'E14', review_invalid(a.parameter_name, a.new_value)
            || '; it cannot run beside the value in force', '');
    END IF;
    UPDATE strategy_adjustments s SET status = 'SHADOW', shadow_trades = trades,
        shadow_from = desk_now(), expires_left = s.expires_at - desk_now(), expires_at = NULL,
        hidden_until = NULL, decided_by = who, decided_origin = origin, decided_at = desk_now(), decision_reason = why,
        acted_at = clock_timestamp(), reviewing_by = NULL, reviewing_until = NULL
    WHERE s.id = of_id;
    PERFORM review_audit(a, who, origin, 'shadow', why, format('SHADOW for %s trades', trades));
    RETURN (of_id, '', format('#%s runs beside the value in force for %s trades; no position is '
        'touched; then it is pending again', of_id, trades), '', 'SHADOW', NULL)::review_answer;
END
$$;

-- Pending again, with the time it had left.
CREATE FUNCTION review_reopen(of_id bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE strategy_adjustments s SET status = 'PENDING', hidden_until = NULL, apply_after = NULL,
        decided_by = NULL, decided_origin = '', decided_at = NULL, decision_reason = NULL,
        base_version = NULL, shadow_from = NULL, shadow_trades = NULL,
        expires_at = COALESCE(s.expires_at, desk_now() + COALESCE(
            GREATEST(s.expires_left, interval '0'), interval '72 hours')), expires_left = NULL
    WHERE s.id = of_id
$$;

CREATE FUNCTION review_unshadow(of_id bigint, looked_version integer, looked_digest text, why text,
                                who text, origin text)
RETURNS review_answer LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments := review_lock(of_id);
    answer review_answer := review_refusal(a, of_id, looked_version, looked_digest, '{SHADOW}');
BEGIN
    IF answer.code <> '' THEN
        RETURN answer;
    END IF;
    PERFORM review_reopen(of_id);
    PERFORM review_audit(a, who, origin, 'unshadow', why, 'PENDING');
    RETURN (of_id, '', format('#%s is pending again', of_id), '', 'PENDING', NULL)::review_answer;
END
$$;

CREATE FUNCTION review_revert(of_id bigint, looked_version integer, looked_digest text, why text,
                              who text, origin text)
RETURNS review_answer LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments := review_lock(of_id);
    answer review_answer := review_refusal(a, of_id, looked_version, looked_digest,
                                           '{APPLIED,AUTO_APPLIED}');
    problem text;
    back bigint;
BEGIN
    IF answer.code <> '' THEN
        RETURN answer;
    ELSIF review_no_reason('revert', why, true) IS NOT NULL THEN
        RETURN review_refused(of_id, 'E05', review_no_reason('revert', why, true),
                              format('revert %s "worse since"', of_id));
    END IF;
    problem := review_invalid(a.parameter_name, a.old_value);
    IF problem IS NOT NULL THEN
        RETURN review_refused(of_id, 'E14', problem || '; nothing was changed', '');
    END IF;
    back := review_take_back(a, who, origin, why, 'revert');
    IF back IS NULL THEN
        RETURN review_refused(of_id, 'E15', format('%s was set again after #%s%s', a.parameter_name,
            of_id, (SELECT COALESCE(', by #' || v.adjustment_id, '') FROM parameter_versions v
                    WHERE v.name = a.parameter_name ORDER BY v.id DESC LIMIT 1)),
            'revert the last change of it first');
    END IF;
    RETURN (of_id, '', format('reverted #%s: %s is %s again, by #%s', of_id, a.parameter_name,
        review_value(a.old_value), back), '', 'ROLLED_BACK', NULL)::review_answer;
END
$$;

-- The last act of this person that can be taken back; of_id 0: whichever it was. A rejection for
-- ten minutes.
CREATE FUNCTION review_undo(of_id bigint, who text, origin text)
RETURNS review_answer LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments;
    recent constant timestamptz := clock_timestamp() - interval '10 minutes';
    wanted bigint := of_id;
BEGIN
    PERFORM pg_advisory_xact_lock(713000014);
    IF wanted = 0 THEN
        SELECT s.id INTO wanted FROM strategy_adjustments s
        WHERE s.decided_by = who AND s.reverts IS NULL
          AND (s.status IN ('APPROVED', 'DEFERRED', 'SHADOW')
               OR (s.status IN ('REJECTED', 'APPLIED') AND s.acted_at > recent))
        ORDER BY s.acted_at DESC NULLS LAST, s.id DESC LIMIT 1;
        IF wanted IS NULL THEN
            RETURN review_refused(0, 'E50', 'nothing to undo', '');
        END IF;
    END IF;
    a := review_lock(wanted);
    IF a.id IS NULL THEN
        RETURN review_refusal(a, wanted, 0, '', '{}');
    ELSIF a.status IN ('APPLIED', 'AUTO_APPLIED') THEN
        RETURN review_refused(wanted, 'E51', format('#%s was applied at %s', wanted,
            minute_text(a.applied_at)), format('undo would be: revert %s REASON', wanted));
    ELSIF a.decided_by IS DISTINCT FROM who
          OR NOT (a.status IN ('APPROVED', 'DEFERRED', 'SHADOW')
                  OR (a.status = 'REJECTED' AND a.acted_at > recent)) THEN
        RETURN review_refused(wanted, 'E50', format('nothing to undo: #%s is %s%s', wanted,
            lower(replace(a.status, '_', ' ')), COALESCE(' by ' || a.decided_by, '')), '');
    ELSIF a.status = 'REJECTED' AND EXISTS (
            SELECT FROM strategy_adjustments s WHERE s.parameter_name = a.parameter_name
            AND s.id <> a.id AND s.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')) THEN
        RETURN review_refused(wanted, 'E15', format('another proposal for %s waits by now',
            a.parameter_name), 'decide that one');
    ELSIF review_expired(a.expires_at) THEN
        RETURN review_refused(wanted, 'E13', format('#%s expired at %s; it was not applied', wanted,
            minute_text(a.expires_at)), 'the next cycle may propose it again');
    END IF;
    PERFORM review_reopen(wanted);
    PERFORM review_audit(a, who, origin, 'undo', '', 'PENDING');
    RETURN (wanted, '', format('#%s is pending again; it was %s', wanted, a.status), '', 'PENDING',
            NULL)::review_answer;
END
$$;

-- ---- proposals

-- Days since this very change was last taken back, NULL: never.
CREATE FUNCTION review_days_since_rollback(of_name text, x numeric) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT floor(extract(epoch FROM desk_now() - max(s.rolled_back_at)) / 86400)::integer
    FROM strategy_adjustments s
    WHERE s.parameter_name = of_name AND s.status = 'ROLLED_BACK'
      AND s.new_value IS NOT DISTINCT FROM x AND s.reverts IS NULL
$$;

-- verdict 'apply', 'queue' or 'reject'. Returns the row's id and what became of it.
CREATE FUNCTION review_propose(of_name text, was numeric, becomes numeric, verdict text,
    why text, confidence double precision, risk text, priority_is text, words text, by text,
    proof jsonb, cycle bigint, OUT id bigint, OUT status text)
LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments;
    now_is record;
    problem text;
    judged text := verdict;
    because text := why;
    busy bigint;
    -- What the figures were computed with: the cycle's own, else what is in force.
    shown jsonb := jsonb_build_object('parameters', review_values()) || proof;
    moved text;
BEGIN
    PERFORM pg_advisory_xact_lock(713000014);
    -- What this very proposal renews or replaces does not expire just before it does.
    UPDATE strategy_adjustments s SET expires_at = desk_now() + interval '1 minute'
    WHERE s.parameter_name = of_name AND s.status IN ('PENDING', 'DEFERRED')
      AND s.expires_at <= desk_now()
      AND (verdict <> 'reject' OR s.new_value IS NOT DISTINCT FROM becomes);
    PERFORM review_pass();
    SELECT * INTO now_is FROM review_in_force(of_name);
    moved := review_moved(of_name, shown);
    problem := CASE
        WHEN verdict = 'reject' THEN NULL
        WHEN review_invalid(of_name, becomes) IS NOT NULL THEN review_invalid(of_name, becomes)
        WHEN now_is.value IS DISTINCT FROM was THEN format('%s is %s now, not %s', of_name,
            review_value(now_is.value), review_value(was))
        WHEN review_days_since_rollback(of_name, becomes) < 90 THEN
            format('taken back %s days ago', review_days_since_rollback(of_name, becomes)) END;
    IF problem IS NOT NULL THEN
        judged := 'reject';
        because := problem;
    END IF;
    SELECT s.id INTO busy FROM strategy_adjustments s
    WHERE s.parameter_name = of_name AND s.status = 'APPROVED' LIMIT 1;
    IF judged = 'apply' AND busy IS NOT NULL THEN
        judged := 'queue';
        because := format('#%s is about to change it', busy);
    ELSIF judged = 'apply' AND moved <> '' THEN
        judged := 'queue';
        because := 'measured while ' || moved;
    END IF;
    -- The same change waits: what a person has put beside the desk or approved is left alone.
    SELECT * INTO a FROM strategy_adjustments s
    WHERE s.parameter_name = of_name AND s.new_value IS NOT DISTINCT FROM becomes
      AND s.old_value IS NOT DISTINCT FROM was
      AND s.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')
    ORDER BY s.id DESC LIMIT 1 FOR UPDATE;
    IF judged = 'queue' AND a.id IS NOT NULL THEN
        IF a.status IN ('PENDING', 'DEFERRED') THEN
            UPDATE strategy_adjustments s SET confidence_score = confidence, risk_level = risk,
                priority = priority_is, reasoning = words, evidence = shown, stale = moved,
                gate_reason = because, proposed_by = by, cycle_id = NULLIF(cycle, 0),
                expires_at = desk_now() + interval '72 hours'
            WHERE s.id = a.id;
        END IF;
        id := a.id;
        status := a.status;
        RETURN;
    END IF;
    FOR a IN SELECT * FROM strategy_adjustments s
             WHERE s.parameter_name = of_name AND s.status IN ('PENDING', 'DEFERRED')
               AND (judged <> 'reject' OR s.new_value IS NOT DISTINCT FROM becomes)
             ORDER BY s.id FOR UPDATE LOOP
        PERFORM review_supersede(a, CASE judged
            WHEN 'reject' THEN 'judged anew: ' || because
            ELSE format('the desk proposes %s now', review_value(becomes)) END);
    END LOOP;
    INSERT INTO strategy_adjustments (parameter_name, old_value, new_value, confidence_score,
        status, reasoning, risk_level, priority, evidence, stale, gate_reason, proposed_by,
        cycle_id, expires_at, decided_by, decided_at, decision_reason)
    VALUES (of_name, was, becomes, confidence,
        CASE judged WHEN 'reject' THEN 'REJECTED' ELSE 'PENDING' END, words, risk, priority_is,
        shown, moved, because, by, NULLIF(cycle, 0),
        CASE WHEN judged <> 'reject' THEN desk_now() + interval '72 hours' END,
        CASE WHEN judged <> 'queue' THEN 'gate' END,
        CASE WHEN judged <> 'queue' THEN desk_now() END,
        CASE WHEN judged <> 'queue' THEN because END)
    RETURNING * INTO a;
    IF judged = 'apply' THEN
        PERFORM review_apply(a, 'desk', 'gate', because, 'apply', 'AUTO_APPLIED');
    END IF;
    id := a.id;
    status := CASE judged WHEN 'apply' THEN 'AUTO_APPLIED' WHEN 'queue' THEN 'PENDING'
              ELSE 'REJECTED' END;
END
$$;

-- ---- what time does

-- Applies what is past its hold and still holds, expires what nobody decided, shows again what was
-- put off. due_ms: until the next hold ends, NULL: none is running.
CREATE FUNCTION review_pass(OUT changed bigint, OUT applied bigint, OUT due_ms bigint)
LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments;
    now_is record;
    problem text;
BEGIN
    changed := 0;
    applied := 0;
    IF EXISTS (SELECT FROM strategy_adjustments s
               WHERE s.status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED')
                 AND ((s.status = 'APPROVED' AND s.apply_after <= clock_timestamp())
                      OR (s.status IN ('PENDING', 'DEFERRED')
                          AND (review_expired(s.expires_at) OR s.hidden_until <= desk_now()))))
    THEN
        PERFORM pg_advisory_xact_lock(713000014);
        FOR a IN SELECT * FROM strategy_adjustments s
                 WHERE s.status = 'APPROVED' AND s.apply_after <= clock_timestamp()
                 ORDER BY s.apply_after, s.id FOR UPDATE LOOP
            changed := changed + 1;
            problem := review_invalid(a.parameter_name, a.new_value);
            SELECT * INTO now_is FROM review_in_force(a.parameter_name);
            IF problem IS NOT NULL THEN
                problem := problem || '; nothing was applied';
                UPDATE strategy_adjustments s SET status = 'FAILED', apply_after = NULL,
                    gate_reason = problem WHERE s.id = a.id;
                PERFORM review_audit(a, 'desk', '', 'apply', problem, 'FAILED');
            ELSIF now_is.value IS DISTINCT FROM a.old_value
                  OR now_is.version IS DISTINCT FROM a.base_version THEN
                PERFORM review_supersede(a, format('%s was set to %s after the approval',
                    a.parameter_name, review_value(now_is.value)));
            ELSE
                PERFORM review_apply(a, a.decided_by, a.decided_origin, a.decision_reason, 'apply',
                                     'APPLIED');
                applied := applied + 1;
            END IF;
        END LOOP;
        FOR a IN SELECT * FROM strategy_adjustments s
                 WHERE s.status IN ('PENDING', 'DEFERRED') AND review_expired(s.expires_at)
                 ORDER BY s.id FOR UPDATE LOOP
            changed := changed + 1;
            UPDATE strategy_adjustments s SET status = 'EXPIRED', decided_by = NULL,
                decided_at = NULL, hidden_until = NULL, decision_reason = 'nobody decided'
            WHERE s.id = a.id;
            PERFORM review_audit(a, 'desk', '', 'expire', 'nobody decided', 'EXPIRED');
        END LOOP;
        FOR a IN SELECT * FROM strategy_adjustments s
                 WHERE s.status = 'DEFERRED' AND s.hidden_until <= desk_now() FOR UPDATE LOOP
            changed := changed + 1;
            PERFORM review_reopen(a.id);
        END LOOP;
    END IF;
    SELECT ceil(extract(epoch FROM GREATEST(min(s.apply_after) - clock_timestamp(),
                                            interval '0')) * 1000)
    INTO due_ms FROM strategy_adjustments s WHERE s.status = 'APPROVED' HAVING count(*) > 0;
END
$$;

-- ---- measuring

-- What the rule found of an applied change. What was fixed at first stays. take_back: why it is
-- taken back, '' when it is not. False: it is not being measured (any more).
CREATE FUNCTION review_measured(of_id bigint, fixed jsonb, outcome jsonb, take_back text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments := review_lock(of_id);
BEGIN
    IF a.id IS NULL OR a.status NOT IN ('APPLIED', 'AUTO_APPLIED')
       OR a.measured->>'state' IS DISTINCT FROM 'measuring' THEN
        RETURN false;
    END IF;
    UPDATE strategy_adjustments s SET measure = fixed || s.measure, measured = outcome,
        measured_at = desk_now()
    WHERE s.id = of_id;
    IF outcome->>'state' <> 'measuring' THEN
        PERFORM review_audit(a, 'desk', '', 'measure', outcome->>'text', outcome->>'state');
    END IF;
    IF take_back <> '' THEN
        PERFORM review_take_back(a, 'desk', '', take_back, 'roll back');
    END IF;
    RETURN true;
END
$$;

-- A shadow that has run its trades: pending again, the comparison in its evidence.
CREATE FUNCTION review_shadow_done(of_id bigint, comparison jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    a strategy_adjustments := review_lock(of_id);
BEGIN
    IF a.id IS NULL OR a.status <> 'SHADOW' THEN
        RETURN false;
    END IF;
    PERFORM review_reopen(of_id);
    UPDATE strategy_adjustments s SET evidence = s.evidence
        || jsonb_build_object('shadow', comparison),
        expires_at = desk_now() + interval '72 hours'  -- there is something new to read
    WHERE s.id = of_id;
    PERFORM review_audit(a, 'desk', '', 'shadow', comparison->>'text', 'PENDING');
    RETURN true;
END
$$;

-- What became of the changes a person approved, and of those the desk applied by itself.
CREATE FUNCTION review_record(who text, OUT approved bigint, OUT better bigint, OUT worse bigint,
    OUT unclear bigint, OUT auto bigint, OUT auto_better bigint, OUT auto_worse bigint,
    OUT auto_unclear bigint)
LANGUAGE sql STABLE AS $$
    SELECT count(*) FILTER (WHERE mine), count(*) FILTER (WHERE mine AND state = 'better'),
           count(*) FILTER (WHERE mine AND state IN ('worse', 'rolled back')),
           count(*) FILTER (WHERE mine AND state IN ('unclear', 'sunset')),
           count(*) FILTER (WHERE NOT mine), count(*) FILTER (WHERE NOT mine AND state = 'better'),
           count(*) FILTER (WHERE NOT mine AND state IN ('worse', 'rolled back')),
           count(*) FILTER (WHERE NOT mine AND state IN ('unclear', 'sunset'))
    FROM (SELECT s.decided_by = who AS mine, s.measured->>'state' AS state
          FROM strategy_adjustments s
          WHERE s.applied_at IS NOT NULL AND s.reverts IS NULL
            AND s.decided_by IN (who, 'gate')) w
$$;

-- A version above the baseline that no audited act made: somebody went past the program. NULL: none.
CREATE FUNCTION review_unaudited() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT format('version %s (%s %s, by %s at %s)', v.id, v.name, review_value(v.value),
                          v.set_by, minute_text(v.created_at))
            FROM parameter_versions v
            LEFT JOIN strategy_adjustments s ON s.id = v.adjustment_id
            LEFT JOIN (SELECT o.object, o.after FROM operator_actions o
                       WHERE o.verb IN ('apply', 'revert', 'roll back')) o
                ON o.object = 'adjustment ' || COALESCE(s.reverts, s.id)
               AND o.after = format('%s %s, version %s', v.name, review_value(v.value), v.id)
            WHERE o.object IS NULL ORDER BY v.id LIMIT 1);
END
$$;

-- ---- alerts

ALTER FUNCTION alert_rules() RENAME TO alert_rules_0009;
CREATE FUNCTION alert_rules() RETURNS TABLE (rule text, severity text, condition text,
                                             clears text, once boolean)
LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM alert_rules_0009()
    UNION ALL VALUES
    ('adj.back', 'W', 'an applied change was taken back by its rule', 'ack', true),
    ('adj.failed', 'W', 'an approved change could not be applied', 'ack', true)
$$;

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
               review_change(s) AS change
        FROM strategy_adjustments s
        WHERE s.status = 'PENDING' OR s.applied_at > at - interval '90 days'
           OR (s.status = 'EXPIRED' AND s.expires_at > at - interval '7 days')
           OR (s.status = 'FAILED' AND s.decided_at > at - interval '7 days')
           OR (s.status = 'ROLLED_BACK' AND s.rolled_back_at > at - interval '7 days')
    ), waiting AS (
        SELECT min(a.id) AS id, count(*) AS n, min(a.created_at) AS since,
               COALESCE(min(a.expires_at) < at + interval '6 hours', false) AS urgent
        FROM a WHERE a.status = 'PENDING')
    SELECT 'pending.new', a.object, 'i', format('proposal #%s waits for review: %s', a.id,
           a.change), format('quorum approve %s, or reject', a.id), true
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
             AND adjustment_regressed(a.id, a.parameter_name)
    UNION ALL
    SELECT 'adj.back', a.object, 'W', format('the desk took #%s back (%s): %s', a.id, a.change,
           a.measured->>'text'), format('it is blocked for 90 days; quorum adjustment %s', a.id),
           true
    FROM a WHERE a.status = 'ROLLED_BACK' AND a.measured->>'state' IN ('rolled back', 'sunset')
    UNION ALL
    SELECT 'adj.failed', a.object, 'W', format('#%s was approved and could not be applied: %s',
           a.id, a.gate_reason), format('quorum adjustment %s', a.id), true
    FROM a WHERE a.status = 'FAILED';
END
$$;
