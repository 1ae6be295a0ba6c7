-- Which wording of a question is asked, how well stated confidence holds, and what operators note.

-- ---- prompt versions

-- A version is a text under a model: either changed, another version begins, with no score.
ALTER TABLE agent_prompts
    ADD COLUMN origin       text NOT NULL DEFAULT 'program' CHECK (origin IN ('program', 'operator')),
    ADD COLUMN added_by     text NOT NULL DEFAULT '',
    ADD COLUMN model        text NOT NULL DEFAULT '',  -- '': not known yet, taken over by the first
    ADD COLUMN right_weight double precision NOT NULL DEFAULT 0,  -- discounted to scored_at
    ADD COLUMN wrong_weight double precision NOT NULL DEFAULT 0,
    ADD COLUMN resolved     bigint NOT NULL DEFAULT 0,            -- without discount
    ADD COLUMN scored_at    timestamptz,
    ADD COLUMN retired_at   timestamptz,
    ADD COLUMN retired_by   text NOT NULL DEFAULT '',  -- 'program': another text or model came
    ADD COLUMN retired_why  text NOT NULL DEFAULT '';
COMMENT ON COLUMN agent_prompts.performance_score IS 'posterior mean of being right';

-- Goes up with every change, so that a process sees in a statement it sends anyway that what it
-- keeps is old.
CREATE TABLE prompts_state (
    id         integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    generation bigint NOT NULL
);
INSERT INTO prompts_state (generation) VALUES (1);

CREATE FUNCTION prompts_changed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE prompts_state SET generation = generation + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER agent_prompts_changed AFTER INSERT OR UPDATE ON agent_prompts
    FOR EACH STATEMENT EXECUTE FUNCTION prompts_changed();

CREATE FUNCTION prompt_sha(content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex')
$$;

CREATE FUNCTION prompt_next(of_agent text, at_least integer) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT GREATEST(at_least, 1 + COALESCE((SELECT max(version) FROM agent_prompts
                                            WHERE agent_name = of_agent
                                              AND prompt_name = 'system'), 0))
$$;

-- What the program brings: list [{agent, version, content, model}]. Nothing is written when all of
-- it is known and in force.
CREATE FUNCTION prompts_sync(list jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    p record;
    old record;
    known agent_prompts;
    before agent_prompts;
    n integer;
BEGIN
    IF NOT EXISTS (
        SELECT FROM jsonb_to_recordset(list) AS t (agent text, content text, model text)
        WHERE NOT EXISTS (SELECT FROM agent_prompts a WHERE a.agent_name = t.agent
                          AND a.prompt_name = 'system' AND a.content_sha256 = prompt_sha(t.content)
                          AND a.model = t.model AND a.retired_by <> 'program')
           OR EXISTS (SELECT FROM agent_prompts a WHERE a.agent_name = t.agent
                      AND a.prompt_name = 'system' AND a.status = 'ACTIVE'
                      AND a.model <> t.model)) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(713000016);
    FOR p IN SELECT t.*, prompt_sha(t.content) AS sha FROM jsonb_to_recordset(list)
             AS t (agent text, version integer, content text, model text) LOOP
        IF p.model <> '' THEN
            UPDATE agent_prompts SET model = p.model
            WHERE agent_name = p.agent AND prompt_name = 'system' AND model = '';
        END IF;
        -- Every version in force begins anew under another model.
        FOR old IN SELECT * FROM agent_prompts
                   WHERE agent_name = p.agent AND prompt_name = 'system' AND status = 'ACTIVE'
                     AND p.model <> '' AND model <> p.model ORDER BY version LOOP
            UPDATE agent_prompts SET status = 'RETIRED', retired_at = desk_now(),
                retired_by = 'program', retired_why = 'the model is now ' || p.model
            WHERE id = old.id;
            UPDATE agent_prompts SET status = 'ACTIVE', retired_at = NULL, retired_by = '',
                retired_why = ''
            WHERE agent_name = p.agent AND prompt_name = 'system' AND model = p.model
              AND content_sha256 = old.content_sha256 AND retired_by = 'program';
            IF NOT FOUND THEN
                INSERT INTO agent_prompts (agent_name, prompt_name, version, content,
                                           content_sha256, origin, added_by, model)
                SELECT p.agent, 'system', prompt_next(p.agent, 1), old.content,
                       old.content_sha256, old.origin, old.added_by, p.model
                WHERE NOT EXISTS (SELECT FROM agent_prompts a WHERE a.agent_name = p.agent
                                  AND a.prompt_name = 'system' AND a.model = p.model
                                  AND a.content_sha256 = old.content_sha256);
            END IF;
        END LOOP;
        SELECT * INTO known FROM agent_prompts a
        WHERE a.agent_name = p.agent AND a.prompt_name = 'system' AND a.content_sha256 = p.sha
          AND p.model IN (a.model, '') ORDER BY a.retired_by = 'program', a.version DESC LIMIT 1;
        CONTINUE WHEN known.id IS NOT NULL AND known.retired_by <> 'program';
        SELECT * INTO before FROM agent_prompts a
        WHERE a.agent_name = p.agent AND a.prompt_name = 'system' AND a.origin = 'program'
          AND a.id IS DISTINCT FROM known.id AND a.retired_by <> 'program'
        ORDER BY a.version DESC LIMIT 1;
        UPDATE agent_prompts SET status = 'RETIRED', retired_at = desk_now(),
            retired_by = 'program', retired_why = 'the program has another text'
        WHERE agent_name = p.agent AND prompt_name = 'system' AND origin = 'program'
          AND status = 'ACTIVE' AND id IS DISTINCT FROM known.id;
        SELECT count(*) INTO n FROM agent_prompts WHERE agent_name = p.agent
            AND prompt_name = 'system' AND status = 'ACTIVE';
        IF known.id IS NULL THEN
            INSERT INTO agent_prompts (agent_name, prompt_name, version, content, content_sha256,
                                       model)
            VALUES (p.agent, 'system', prompt_next(p.agent, p.version), p.content, p.sha, p.model)
            RETURNING * INTO known;
        END IF;
        -- What an operator has retired stays so in its new wording.
        IF n > 0 AND before.status = 'RETIRED' THEN
            UPDATE agent_prompts SET status = 'RETIRED', retired_at = desk_now(),
                retired_by = before.retired_by, retired_why = 'as the text before it'
            WHERE id = known.id;
        ELSE
            UPDATE agent_prompts SET status = 'ACTIVE', retired_at = NULL, retired_by = '',
                retired_why = ''
            WHERE id = known.id AND status <> 'ACTIVE';
        END IF;
    END LOOP;
    RETURN 1;
END
$$;

-- A person's text. problem: why not, NULL when it was added.
CREATE FUNCTION prompt_add(of_agent text, text_of text, most integer, who text, place text,
                           OUT added integer, OUT problem text) LANGUAGE plpgsql AS $$
DECLARE
    same integer;
    model_of text;
    n integer;
BEGIN
    PERFORM pg_advisory_xact_lock(713000016);
    SELECT count(*), max(model) INTO n, model_of FROM agent_prompts
    WHERE agent_name = of_agent AND prompt_name = 'system' AND status = 'ACTIVE';
    SELECT version INTO same FROM agent_prompts
    WHERE agent_name = of_agent AND prompt_name = 'system' AND content_sha256 = prompt_sha(text_of)
      AND model = COALESCE(model_of, '') ORDER BY version DESC LIMIT 1;
    IF same IS NOT NULL THEN
        problem := format('this text is version %s', same);
    ELSIF n >= most THEN
        problem := format('%s versions are asked already', n);
    ELSE
        INSERT INTO agent_prompts (agent_name, prompt_name, version, content, content_sha256,
                                   origin, added_by, model)
        VALUES (of_agent, 'system', prompt_next(of_agent, 1), text_of, prompt_sha(text_of),
                'operator', who, COALESCE(model_of, ''))
        RETURNING version INTO added;
        PERFORM audit_append(who, place, 'prompts add', of_agent || ' v' || added, '', '',
                             'sha256 ' || prompt_sha(text_of));
    END IF;
END
$$;

-- problem: why not, NULL when it was done.
CREATE FUNCTION prompt_retire(of_agent text, which integer, why text, who text, place text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v agent_prompts;
BEGIN
    PERFORM pg_advisory_xact_lock(713000016);
    SELECT * INTO v FROM agent_prompts
    WHERE agent_name = of_agent AND prompt_name = 'system' AND version = which;
    IF NOT FOUND THEN
        RETURN format('there is no version %s', which);
    ELSIF v.status <> 'ACTIVE' THEN
        RETURN format('version %s is retired already', which);
    ELSIF NOT EXISTS (SELECT FROM agent_prompts WHERE agent_name = of_agent
                      AND prompt_name = 'system' AND status = 'ACTIVE' AND version <> which) THEN
        RETURN format('version %s is the last one', which);
    END IF;
    UPDATE agent_prompts SET status = 'RETIRED', retired_at = desk_now(), retired_by = who,
        retired_why = why WHERE id = v.id;
    PERFORM audit_append(who, place, 'prompts retire', of_agent || ' v' || which, why, 'ACTIVE',
                         'RETIRED');
    RETURN NULL;
END
$$;

-- From now on it alone is asked.
CREATE FUNCTION prompt_promote(of_agent text, which integer, why text, who text, place text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v agent_prompts;
    others text;
BEGIN
    PERFORM pg_advisory_xact_lock(713000016);
    SELECT * INTO v FROM agent_prompts
    WHERE agent_name = of_agent AND prompt_name = 'system' AND version = which;
    IF NOT FOUND THEN
        RETURN format('there is no version %s', which);
    ELSIF v.status <> 'ACTIVE' AND v.retired_by = 'program' THEN
        RETURN format('version %s has passed: %s', which, v.retired_why);
    END IF;
    SELECT string_agg('v' || version, ' ' ORDER BY version) INTO others FROM agent_prompts
    WHERE agent_name = of_agent AND prompt_name = 'system' AND status = 'ACTIVE';
    IF others = 'v' || which THEN
        RETURN format('version %s is the only one asked already', which);
    END IF;
    UPDATE agent_prompts SET status = 'RETIRED', retired_at = desk_now(), retired_by = who,
        retired_why = 'version ' || which || ' was promoted'
    WHERE agent_name = of_agent AND prompt_name = 'system' AND status = 'ACTIVE' AND id <> v.id;
    UPDATE agent_prompts SET status = 'ACTIVE', retired_at = NULL, retired_by = '',
        retired_why = '' WHERE id = v.id AND status <> 'ACTIVE';
    PERFORM audit_append(who, place, 'prompts promote', of_agent || ' v' || which, why, others,
                         'v' || which);
    RETURN NULL;
END
$$;

-- Of the version that was asked, the chance it had: without it scores of a sampled choice cannot be
-- corrected later.
ALTER TABLE agent_interactions ADD COLUMN propensity double precision
    CHECK (propensity > 0 AND propensity <= 1);

-- As in 0012, and with the propensity.
CREATE OR REPLACE FUNCTION budget_reserve(evaluation bigint, who text, in_state text,
                                          lease interval, calls jsonb)
RETURNS TABLE (reservation uuid, short text, left_usd numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    now_desk timestamptz := desk_now();
    today date := (now_desk AT TIME ZONE 'UTC')::date;
    cap numeric;
    c record;
    d budget_day;
    interaction bigint;
BEGIN
    SELECT max_cost_usd INTO cap FROM evaluations
    WHERE id = evaluation AND locked_by = who AND state = in_state;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM budget_reap();
    IF cap IS NOT NULL THEN
        PERFORM FROM evaluations WHERE id = evaluation FOR NO KEY UPDATE;
    END IF;
    IF NOT EXISTS (SELECT FROM budget_day WHERE day = today) THEN
        INSERT INTO budget_day (day, limit_usd) VALUES (today, budget_limit())
        ON CONFLICT DO NOTHING;
    END IF;
    FOR c IN SELECT * FROM jsonb_to_recordset(calls) AS t (id uuid, agent text, act text,
                 model text, prompt_version integer, propensity double precision,
                 estimate numeric, request text) LOOP
        reservation := c.id;
        short := NULL;
        left_usd := NULL;
        IF cap IS NOT NULL THEN
            SELECT cap - COALESCE(sum(COALESCE(b.actual_usd, b.estimate_usd)), 0) INTO left_usd
            FROM budget_reservation b WHERE b.evaluation_id = evaluation;
            IF left_usd < c.estimate THEN
                short := 'evaluation';
                RETURN NEXT;
                CONTINUE;
            END IF;
        END IF;
        UPDATE budget_day SET reserved_usd = reserved_usd + c.estimate
        WHERE day = today AND NOT overrun AND spent_usd + reserved_usd + c.estimate <= limit_usd;
        IF NOT FOUND THEN
            SELECT * INTO d FROM budget_day WHERE day = today;
            short := CASE WHEN d.overrun THEN 'overrun' ELSE 'day' END;
            left_usd := GREATEST(d.limit_usd - d.spent_usd - d.reserved_usd, 0);
            RETURN NEXT;
            CONTINUE;
        END IF;
        INSERT INTO agent_interactions (agent_name, action, context, evaluation_id, model,
                                        prompt_id, propensity, reservation_id, status, created_at)
        VALUES (c.agent, c.act, jsonb_build_object('evaluation_id', evaluation), evaluation,
                c.model, (SELECT p.id FROM agent_prompts p WHERE p.agent_name = c.agent
                          AND p.prompt_name = 'system' AND p.version = c.prompt_version),
                c.propensity, c.id, 'SENT', now_desk)
        RETURNING id INTO interaction;
        INSERT INTO budget_reservation (id, day, evaluation_id, interaction_id, estimate_usd,
                                        state, owner, lease_until, created_at)
        VALUES (c.id, today, evaluation, interaction, c.estimate, 'SENT', who,
                clock_timestamp() + lease, now_desk);
        INSERT INTO agent_payloads (interaction_id, created_at, request)
        VALUES (interaction, now_desk, c.request);
        RETURN NEXT;
    END LOOP;
END
$$;

-- ---- calibration

-- From stated probabilities to those that came true, refitted after each scoring: p is the chance
-- that the target is met before the stop, as a BUY or SELL states it.
CREATE TABLE vote_calibration (
    agent     text NOT NULL,
    source    text NOT NULL CHECK (source IN ('model', 'baseline')),
    n         bigint NOT NULL,  -- BUY and SELL with a known outcome
    kind      text NOT NULL CHECK (kind IN ('shrunk', 'logistic', 'isotonic')),
    base      double precision NOT NULL,
    intercept double precision NOT NULL,
    slope     double precision NOT NULL,
    x         double precision[] NOT NULL,  -- of the isotonic map, ascending
    fit       double precision[] NOT NULL,
    bins      bigint[] NOT NULL CHECK (cardinality(bins) = 5),  -- votes by fifths of p
    fitted_at timestamptz NOT NULL DEFAULT desk_now(),
    PRIMARY KEY (agent, source)
);

-- How often such a vote came true, in percent, and of how many votes stated alike. NULL below 30,
-- and for votes that state no chance. The arithmetic is calibration_apply()'s.
CREATE FUNCTION calibrated(of_agent text, of_source text, of_vote text,
                           confidence double precision, OUT real_pct double precision,
                           OUT n bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    m vote_calibration;
    p double precision := confidence / 100;
    q double precision;
    k integer;
BEGIN
    IF of_vote NOT IN ('BUY', 'SELL') OR NOT (p BETWEEN 0 AND 1) THEN
        RETURN;
    END IF;
    SELECT * INTO m FROM vote_calibration c WHERE c.agent = of_agent AND c.source = of_source
        AND c.n >= 30;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF of_vote = 'SELL' THEN
        p := 1 - p;
    END IF;
    n := m.bins[1 + LEAST(floor(p * 5), 4)::integer];
    IF m.kind = 'logistic' THEN
        q := LEAST(GREATEST(p, 0.01), 0.99);
        q := 1 / (1 + exp(-(m.intercept + m.slope * ln(q / (1 - q)))));
    ELSIF m.kind = 'isotonic' THEN
        SELECT count(*) INTO k FROM unnest(m.x) AS t (x) WHERE t.x < p;
        IF k = 0 THEN
            q := m.fit[1];
        ELSIF k = cardinality(m.x) THEN
            q := m.fit[k];
        ELSE
            q := m.fit[k] + (p - m.x[k]) / (m.x[k + 1] - m.x[k]) * (m.fit[k + 1] - m.fit[k]);
        END IF;
    ELSE
        q := m.base + m.n / (m.n + 100.0::double precision) * (p - m.base);
    END IF;
    real_pct := 100 * CASE of_vote WHEN 'SELL' THEN 1 - q ELSE q END;
END
$$;

-- ---- asked again

-- What an operator asked again with stored inputs is no second case: its outcome is not followed.
-- Else as in 0010.
CREATE OR REPLACE FUNCTION outcomes_open(last_session date)
RETURNS TABLE (evaluation_id bigint, symbol text, as_of timestamptz, stop_pct double precision,
               target_pct double precision)
LANGUAGE plpgsql AS $$
DECLARE
    mark bigint;
    next bigint;
BEGIN
    SELECT o.opened_before INTO mark FROM outcomes_progress o FOR UPDATE;
    SELECT COALESCE((SELECT min(e.id) FROM evaluations e
                     WHERE e.state IN ('QUEUED', 'GATHERING', 'VOTING', 'SIZING')),
                    (SELECT max(e.id) + 1 FROM evaluations e), mark) INTO next;
    INSERT INTO shadow_outcomes (evaluation_id, symbol, state, reason, stop_pct, target_pct,
                                 resolved_at)
    SELECT e.id, e.symbol, CASE WHEN v.why = '' THEN 'OPEN' ELSE 'VOID' END, v.why,
           e.barrier_stop_pct, e.barrier_target_pct, CASE WHEN v.why <> '' THEN desk_now() END
    FROM evaluations e, LATERAL (
        SELECT CASE WHEN e.request ? 'replay_of' THEN 'asked again: evaluation #' ||
                         (e.request->>'replay_of') || ' is the case'
                    WHEN e.request->>'indicators' <> '' THEN 'judged on figures given by hand'
                    WHEN e.request->>'data' <> '' THEN 'judged on bars given by hand'
                    WHEN e.price IS NULL THEN 'the price was not known'
                    WHEN e.barrier_stop_pct IS NULL OR e.barrier_target_pct IS NULL
                    THEN 'no stop could be placed: ATR was not known'
                    WHEN NOT (e.barrier_stop_pct > 0 AND e.barrier_stop_pct < 100
                              AND e.barrier_target_pct > 0) THEN 'the barriers are out of range'
                    ELSE '' END AS why) v
    WHERE e.id >= mark - 100 AND e.state IN ('DECIDED', 'NO_QUORUM')
    ON CONFLICT DO NOTHING;
    UPDATE outcomes_progress SET opened_before = next WHERE opened_before <> next;
    RETURN QUERY
    SELECT s.evaluation_id, s.symbol, e.as_of, s.stop_pct, s.target_pct
    FROM shadow_outcomes s JOIN evaluations e ON e.id = s.evaluation_id
    WHERE s.state = 'OPEN' AND e.as_of < (last_session + 1)::timestamptz
      AND (s.checked_day IS NULL OR s.checked_day < last_session)
    ORDER BY s.symbol, s.evaluation_id;
END
$$;

-- ---- notes, and when an operator was here last

CREATE TABLE notes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT desk_now(),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    operator   text NOT NULL,
    origin     text NOT NULL,
    object     text NOT NULL CHECK (object <> ''),  -- "evaluation #12", "AAPL"
    note       text NOT NULL CHECK (note <> '')
);
CREATE INDEX notes_object ON notes (object, id DESC);
CREATE TRIGGER notes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON notes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What happened since is told in desk time, which is not the machine's on a virtual clock.
ALTER TABLE console_sessions ADD COLUMN seen_desk timestamptz;
CREATE FUNCTION session_seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.seen_desk := desk_now();
    RETURN NEW;
END
$$;
CREATE TRIGGER console_sessions_seen BEFORE INSERT OR UPDATE ON console_sessions
    FOR EACH ROW EXECUTE FUNCTION session_seen();

-- ---- the alarm on what agents decide

ALTER FUNCTION alert_rules() RENAME TO alert_rules_before_prompts;
CREATE FUNCTION alert_rules() RETURNS TABLE (rule text, severity text, condition text, clears text,
                                             once boolean)
LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM alert_rules_before_prompts()
    UNION ALL VALUES
    ('agent.mix', 'W', 'an agent''s last 50 votes are divided otherwise than those before', 'ack',
     false)
$$;
