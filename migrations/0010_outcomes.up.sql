-- What became of every evaluation, taken or not (docs/outcomes.md), and how good each vote was.

-- The barriers an evaluation would have traded with, whatever was decided.
ALTER TABLE evaluations
    ADD COLUMN barrier_stop_pct   double precision,
    ADD COLUMN barrier_target_pct double precision;

CREATE TABLE shadow_outcomes (
    evaluation_id bigint PRIMARY KEY REFERENCES evaluations,
    symbol        text NOT NULL,
    state         text NOT NULL CHECK (state IN ('OPEN', 'DONE', 'VOID')),
    reason        text NOT NULL DEFAULT '',   -- why VOID
    stop_pct      double precision,
    target_pct    double precision,
    entry_day     date,
    entry_price   numeric(18,6),
    outcome       text CHECK (outcome IN ('target', 'stop', 'time')),
    exit_day      date,
    exit_price    numeric(18,6),
    sessions      integer,
    return_pct    double precision,  -- after costs
    r_multiple    double precision,
    y             double precision,  -- 1 target first, 0 stop first, at the time limit by the sign
    checked_day   date,              -- bars looked at so far
    resolved_at   timestamptz
);
CREATE INDEX shadow_outcomes_open ON shadow_outcomes (evaluation_id) WHERE state = 'OPEN';

CREATE TABLE vote_scores (
    evaluation_id bigint NOT NULL REFERENCES evaluations,
    agent         text NOT NULL,
    source        text NOT NULL,
    probability   double precision NOT NULL CHECK (probability BETWEEN 0 AND 1),
    y             double precision NOT NULL,
    brier         double precision NOT NULL,
    scored_at     timestamptz NOT NULL DEFAULT desk_now(),
    PRIMARY KEY (evaluation_id, agent, source)
);
CREATE INDEX vote_scores_agent ON vote_scores (agent, source);

-- Evaluations below this id that have ended have their row in shadow_outcomes.
CREATE TABLE outcomes_progress (
    id            integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    opened_before bigint NOT NULL
);
INSERT INTO outcomes_progress (opened_before) VALUES (0);

-- Opens the outcome of every ended evaluation that has none, and returns the open ones for which
-- there is a bar more than was looked at, by symbol. What was judged on figures or files given by
-- hand says nothing about this desk's market. The overlap of 100 is for evaluations that were
-- being created when the mark was set.
CREATE FUNCTION outcomes_open(last_session date)
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
        SELECT CASE WHEN e.request->>'indicators' <> '' THEN 'judged on figures given by hand'
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

-- Stores what a walk over the bars found: results [{id, state, reason, entry_day, entry_price,
-- outcome, exit_day, exit_price, sessions, return_pct, r_multiple, y}] of those still open, and
-- with each its votes' scores [{id, agent, source, p}]. Returns how many were resolved by this
-- call.
CREATE FUNCTION outcomes_store(results jsonb, scores jsonb, checked jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    WITH resolved AS (
        UPDATE shadow_outcomes s SET state = r.state, reason = COALESCE(r.reason, ''),
            entry_day = r.entry_day, entry_price = r.entry_price, outcome = r.outcome,
            exit_day = r.exit_day, exit_price = r.exit_price, sessions = r.sessions,
            return_pct = r.return_pct, r_multiple = r.r_multiple, y = r.y,
            checked_day = COALESCE(r.exit_day, s.checked_day), resolved_at = desk_now()
        FROM jsonb_to_recordset(results) AS r (id bigint, state text, reason text, entry_day date,
            entry_price numeric, outcome text, exit_day date, exit_price numeric, sessions integer,
            return_pct double precision, r_multiple double precision, y double precision)
        WHERE s.evaluation_id = r.id AND s.state = 'OPEN'
        RETURNING s.evaluation_id, s.y
    ), scored AS (
        INSERT INTO vote_scores (evaluation_id, agent, source, probability, y, brier)
        SELECT o.evaluation_id, v.agent, v.source, v.p, o.y, (v.p - o.y) * (v.p - o.y)
        FROM resolved o JOIN jsonb_to_recordset(scores)
             AS v (id bigint, agent text, source text, p double precision) ON v.id = o.evaluation_id
        WHERE o.y IS NOT NULL
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) INTO done FROM resolved;
    UPDATE shadow_outcomes s SET checked_day = c.day
    FROM jsonb_to_recordset(checked) AS c (symbol text, day date)
    WHERE s.state = 'OPEN' AND s.symbol = c.symbol AND s.checked_day IS DISTINCT FROM c.day;
    RETURN done;
END
$$;
