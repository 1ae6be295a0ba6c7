-- Evaluations, what they rest on, and what every agent said.

CREATE TABLE agent_prompts (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_name        text NOT NULL,
    prompt_name       text NOT NULL,
    version           integer NOT NULL CHECK (version > 0),
    content           text NOT NULL,
    content_sha256    text NOT NULL,
    status            text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'RETIRED')),
    performance_score double precision,
    created_at        timestamptz NOT NULL DEFAULT desk_now(),
    UNIQUE (agent_name, prompt_name, version)
);

CREATE TABLE evaluations (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id        integer NOT NULL DEFAULT 1,
    symbol            text NOT NULL,
    state             text NOT NULL DEFAULT 'QUEUED' CHECK (state IN
                      ('QUEUED', 'GATHERING', 'VOTING', 'SIZING',
                       'DECIDED', 'NO_QUORUM', 'REFUSED', 'CANCELLED', 'FAILED')),
    state_reason      text NOT NULL DEFAULT '',
    origin            text NOT NULL DEFAULT 'operator' CHECK (origin IN ('operator', 'schedule')),
    requested_by      text NOT NULL,
    request           jsonb NOT NULL DEFAULT '{}',
    as_of             timestamptz NOT NULL DEFAULT desk_now(),
    created_at        timestamptz NOT NULL DEFAULT desk_now(),
    finished_at       timestamptz,
    started_machine   timestamptz NOT NULL DEFAULT clock_timestamp(),
    latency_ms        integer,
    locked_by         text,
    lease_until       timestamptz,
    attempt           integer NOT NULL DEFAULT 1,
    price             numeric(18,6) CHECK (price > 0),
    regime            text,
    regime_confidence double precision,
    decision          text CHECK (decision IN ('BUY', 'SELL', 'HOLD', 'NONE')),
    consensus_reached boolean,
    agree             integer,
    voters            integer,
    needed            integer,
    agreement         text GENERATED ALWAYS AS (agree::text || '/' || voters::text) STORED,
    consensus_reason  text,
    risk_decision     text CHECK (risk_decision IN ('APPROVE', 'REDUCE', 'REJECT')),
    shares            bigint CHECK (shares >= 0),
    position_pct      double precision,
    stop_loss_pct     double precision,
    take_profit_pct   double precision,
    size_reason       text,
    binding           text,
    worksheet         jsonb,
    degraded          boolean NOT NULL DEFAULT false,
    degraded_reason   text NOT NULL DEFAULT '',
    cost_usd          numeric(18,9) NOT NULL DEFAULT 0,
    tokens            bigint NOT NULL DEFAULT 0,
    CHECK ((finished_at IS NOT NULL) =
           (state IN ('DECIDED', 'NO_QUORUM', 'REFUSED', 'CANCELLED', 'FAILED')))
);
CREATE INDEX evaluations_created ON evaluations (created_at DESC);
CREATE INDEX evaluations_symbol ON evaluations (symbol, id DESC);
CREATE INDEX evaluations_open ON evaluations (id)
    WHERE state IN ('QUEUED', 'GATHERING', 'VOTING', 'SIZING');

-- Bars are a range and a hash, everything else stands in the content by value. Month
-- partitions: old ones are dropped, never deleted row by row.
CREATE TABLE dossiers (
    evaluation_id bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    content       text NOT NULL,
    sha256        text NOT NULL,
    bars_from     date,
    bars_to       date,
    bars_count    integer NOT NULL DEFAULT 0,
    bars_sha256   text,
    PRIMARY KEY (evaluation_id, created_at)
) PARTITION BY RANGE (created_at);

CREATE TABLE agent_interactions (
    id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_name            text NOT NULL,
    action                text NOT NULL,
    context               jsonb NOT NULL DEFAULT '{}',
    result                jsonb,
    tokens_used           bigint GENERATED ALWAYS AS
                          (input_tokens + output_tokens + cache_write_5m_tokens +
                           cache_write_1h_tokens + cache_read_tokens) STORED,
    cost_usd              numeric(18,9),
    latency_ms            integer,
    created_at            timestamptz NOT NULL DEFAULT desk_now(),
    account_id            integer NOT NULL DEFAULT 1,
    evaluation_id         bigint REFERENCES evaluations,
    model                 text,
    prompt_id             bigint REFERENCES agent_prompts,
    reservation_id        uuid UNIQUE,
    request_id            text,
    status                text NOT NULL DEFAULT 'DONE' CHECK (status IN
                          ('RESERVED', 'SENT', 'DONE', 'FAILED', 'PRESUMED', 'RELEASED')),
    error                 text,
    input_tokens          bigint NOT NULL DEFAULT 0,
    output_tokens         bigint NOT NULL DEFAULT 0,
    cache_write_5m_tokens bigint NOT NULL DEFAULT 0,
    cache_write_1h_tokens bigint NOT NULL DEFAULT 0,
    cache_read_tokens     bigint NOT NULL DEFAULT 0
);
CREATE INDEX agent_interactions_created ON agent_interactions (created_at);
CREATE INDEX agent_interactions_evaluation ON agent_interactions (evaluation_id);

CREATE TABLE agent_payloads (
    interaction_id bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    request        text NOT NULL,
    response       text,
    PRIMARY KEY (interaction_id, created_at)
) PARTITION BY RANGE (created_at);

CREATE TABLE agent_daily_metrics (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_name     text NOT NULL,
    date           date NOT NULL,
    total_calls    bigint NOT NULL DEFAULT 0,
    total_cost_usd numeric(18,9) NOT NULL DEFAULT 0,
    avg_latency_ms double precision GENERATED ALWAYS AS
                   (latency_ms_sum::double precision / NULLIF(total_calls, 0)) STORED,
    total_tokens   bigint NOT NULL DEFAULT 0,
    latency_ms_sum bigint NOT NULL DEFAULT 0,
    errors         bigint NOT NULL DEFAULT 0,
    UNIQUE (date, agent_name)
) WITH (fillfactor = 60);

CREATE TABLE agent_hourly (
    hour           timestamptz NOT NULL,
    agent_name     text NOT NULL,
    calls          bigint NOT NULL DEFAULT 0,
    tokens         bigint NOT NULL DEFAULT 0,
    cost_usd       numeric(18,9) NOT NULL DEFAULT 0,
    latency_ms_sum bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (hour, agent_name)
) WITH (fillfactor = 60);

CREATE TABLE votes (
    evaluation_id  bigint NOT NULL REFERENCES evaluations,
    agent          text NOT NULL,
    source         text NOT NULL CHECK (source IN ('model', 'baseline')),
    role           text NOT NULL CHECK (role IN ('classifier', 'voter', 'veto')),
    vote           text NOT NULL CHECK (vote IN ('BUY', 'SELL', 'HOLD', 'ABSTAIN', 'FAILED')),
    answer         text NOT NULL DEFAULT '',
    confidence     double precision NOT NULL CHECK (confidence BETWEEN 0 AND 100),
    reason         text NOT NULL,
    score          double precision,
    evidence       jsonb NOT NULL DEFAULT '[]',
    wrong_evidence integer NOT NULL DEFAULT 0,
    counted        boolean NOT NULL,
    prompt_version integer,
    interaction_id bigint REFERENCES agent_interactions,
    created_at     timestamptz NOT NULL DEFAULT desk_now(),
    PRIMARY KEY (evaluation_id, agent, source)
);
COMMENT ON COLUMN votes.counted IS 'this source''s vote is the one the consensus used';

-- Partitions of the payload tables for the month of `at` and the two after it. Runs as the
-- owner, so that an application role may call it.
CREATE FUNCTION ensure_partitions(at timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    parent text;
    first timestamptz;
    name text;
    made integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['dossiers', 'agent_payloads'] LOOP
        FOR i IN 0..2 LOOP
            first := date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
                     + make_interval(months => i);
            name := parent || to_char(first AT TIME ZONE 'UTC', '_YYYY_MM');
            IF to_regclass(name) IS NULL THEN
                PERFORM pg_advisory_xact_lock(713000002);
                IF to_regclass(name) IS NULL THEN
                    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                                   name, parent, first, first + interval '1 month');
                    made := made + 1;
                END IF;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;
SELECT ensure_partitions(clock_timestamp());
