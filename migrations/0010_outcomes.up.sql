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
