CREATE OR REPLACE FUNCTION desk_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT clock_at FROM desk WHERE clock = 'virtual'), clock_timestamp())
$$;
CREATE OR REPLACE FUNCTION budget_limit() RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT COALESCE((SELECT value::numeric FROM desk_setting
                     WHERE name = 'MULTI_AGENT_DAILY_LLM_BUDGET' ORDER BY id DESC LIMIT 1), 0)
$$;
CREATE OR REPLACE FUNCTION budget_reap() RETURNS integer LANGUAGE sql AS $$
    SELECT budget_end(ARRAY(SELECT id FROM budget_reservation
                            WHERE state IN ('HELD', 'SENT') AND lease_until < clock_timestamp()))
$$;
CREATE OR REPLACE FUNCTION add_to_rollups(agent text, at timestamptz, add_calls bigint,
                                          add_cost numeric, add_tokens bigint,
                                          add_latency bigint, add_errors bigint)
RETURNS integer LANGUAGE sql AS $$
    INSERT INTO agent_daily_metrics AS m (agent_name, date, total_calls, total_cost_usd,
                                          total_tokens, latency_ms_sum, errors)
    VALUES (agent, (at AT TIME ZONE 'UTC')::date, add_calls, add_cost, add_tokens, add_latency,
            add_errors)
    ON CONFLICT (date, agent_name) DO UPDATE SET
        total_calls = m.total_calls + add_calls,
        total_cost_usd = m.total_cost_usd + add_cost,
        total_tokens = m.total_tokens + add_tokens,
        latency_ms_sum = m.latency_ms_sum + add_latency,
        errors = m.errors + add_errors;
    INSERT INTO agent_hourly AS m (hour, agent_name, calls, tokens, cost_usd, latency_ms_sum)
    VALUES (date_trunc('hour', at), agent, add_calls, add_tokens, add_cost, add_latency)
    ON CONFLICT (hour, agent_name) DO UPDATE SET
        calls = m.calls + add_calls,
        tokens = m.tokens + add_tokens,
        cost_usd = m.cost_usd + add_cost,
        latency_ms_sum = m.latency_ms_sum + add_latency;
    SELECT 1
$$;
