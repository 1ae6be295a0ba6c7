-- Paper accounts, positions, orders and fills, the cash ledger, and trade results.
-- Trade money is numeric(18,6) dollars: micro-dollars in the program.

CREATE TABLE accounts (
    id         integer PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT desk_now()
);

CREATE TABLE positions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    integer NOT NULL DEFAULT 1 REFERENCES accounts,
    symbol        text NOT NULL,
    sector        text NOT NULL DEFAULT '',
    state         text NOT NULL CHECK (state IN ('OPENING', 'OPEN', 'CLOSING', 'CLOSED')),
    evaluation_id bigint REFERENCES evaluations,
    quantity      bigint NOT NULL CHECK (quantity >= 0),
    entry_price   numeric(18,6) CHECK (entry_price > 0),
    stop_price    numeric(18,6),
    target_price  numeric(18,6),
    initial_stop  numeric(18,6),
    last_price    numeric(18,6),
    last_price_at timestamptz,
    opened_at     timestamptz NOT NULL DEFAULT desk_now(),
    closed_at     timestamptz,
    CHECK ((state = 'CLOSED') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX positions_one_open ON positions (account_id, symbol)
    WHERE closed_at IS NULL;

CREATE TABLE orders (
    id            uuid PRIMARY KEY,
    account_id    integer NOT NULL DEFAULT 1 REFERENCES accounts,
    position_id   bigint REFERENCES positions,
    evaluation_id bigint REFERENCES evaluations,
    symbol        text NOT NULL,
    side          text NOT NULL CHECK (side IN ('BUY', 'SELL')),
    kind          text NOT NULL CHECK (kind IN ('MARKET', 'LIMIT', 'STOP')),
    quantity      bigint NOT NULL CHECK (quantity > 0),
    filled        bigint NOT NULL DEFAULT 0 CHECK (filled BETWEEN 0 AND quantity),
    limit_price   numeric(18,6),
    stop_price    numeric(18,6),
    reserved_usd  numeric(18,6) NOT NULL DEFAULT 0,
    state         text NOT NULL CHECK (state IN ('OPEN', 'FILLED', 'CANCELLED', 'REJECTED')),
    state_reason  text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT desk_now(),
    closed_at     timestamptz
);
CREATE INDEX orders_open ON orders (account_id, symbol) WHERE state = 'OPEN';
COMMENT ON COLUMN orders.id IS 'idempotency key made by the program: the same intent has the same id';

CREATE TABLE fills (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   uuid NOT NULL REFERENCES orders,
    quantity   bigint NOT NULL CHECK (quantity > 0),
    price      numeric(18,6) NOT NULL CHECK (price > 0),
    fees_usd   numeric(18,6) NOT NULL DEFAULT 0,
    filled_at  timestamptz NOT NULL DEFAULT desk_now()
);
CREATE INDEX fills_order ON fills (order_id);

-- Double entry: the lines of one transaction sum to zero. Cash is what 'cash' holds.
CREATE TABLE ledger (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id uuid NOT NULL,
    account_id     integer NOT NULL DEFAULT 1 REFERENCES accounts,
    book           text NOT NULL CHECK (book IN
                   ('cash', 'capital', 'stock', 'realised', 'fees', 'dividends')),
    symbol         text,
    amount_usd     numeric(18,6) NOT NULL,
    memo           text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT desk_now()
);
CREATE INDEX ledger_book ON ledger (account_id, book);
CREATE INDEX ledger_transaction ON ledger (transaction_id);
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount_usd) FROM ledger WHERE transaction_id = NEW.transaction_id) <> 0 THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero', NEW.transaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();

CREATE TABLE equity_marks (
    account_id integer NOT NULL DEFAULT 1 REFERENCES accounts,
    session    date NOT NULL,
    cash_usd   numeric(18,6) NOT NULL,
    stock_usd  numeric(18,6) NOT NULL,
    equity_usd numeric(18,6) GENERATED ALWAYS AS (cash_usd + stock_usd) STORED,
    peak_usd   numeric(18,6) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT desk_now(),
    PRIMARY KEY (account_id, session)
);

CREATE TABLE trade_outcomes (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol          text NOT NULL,
    decision        text NOT NULL,
    entry_price     numeric(18,6) NOT NULL CHECK (entry_price > 0),
    exit_price      numeric(18,6) NOT NULL CHECK (exit_price > 0),
    pnl_dollars     numeric(18,6) NOT NULL,
    pnl_pct         double precision NOT NULL,
    exit_reason     text NOT NULL CHECK (exit_reason IN
                    ('stop_loss', 'take_profit', 'time_exit', 'trailing_stop', 'manual',
                     'circuit_breaker', 'regime_change')),
    created_at      timestamptz NOT NULL DEFAULT desk_now(),
    account_id      integer NOT NULL DEFAULT 1 REFERENCES accounts,
    position_id     bigint UNIQUE REFERENCES positions,
    evaluation_id   bigint REFERENCES evaluations,
    quantity        bigint NOT NULL CHECK (quantity > 0),
    fees_usd        numeric(18,6) NOT NULL DEFAULT 0,
    slippage_usd    numeric(18,6) NOT NULL DEFAULT 0,
    model_cost_usd  numeric(18,9) NOT NULL DEFAULT 0,
    r_multiple      double precision,
    mae_pct         double precision,
    mfe_pct         double precision,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz NOT NULL
);
CREATE INDEX trade_outcomes_created ON trade_outcomes (created_at DESC);
CREATE INDEX trade_outcomes_symbol ON trade_outcomes (symbol, created_at DESC);

CREATE TABLE trade_metadata (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trade_outcome_id bigint NOT NULL UNIQUE REFERENCES trade_outcomes,
    market_regime    text,
    sentiment_score  double precision CHECK (sentiment_score BETWEEN -1 AND 1),
    news_catalyst    text,
    created_at       timestamptz NOT NULL DEFAULT desk_now(),
    facts            jsonb NOT NULL DEFAULT '{}'
);

-- Parameters the desk may learn, as versions: the highest id of a name is in force.
CREATE TABLE parameter_versions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL,
    value         numeric(18,6) NOT NULL,
    adjustment_id bigint,
    set_by        text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT desk_now()
);
CREATE INDEX parameter_versions_latest ON parameter_versions (name, id DESC);

CREATE TABLE strategy_adjustments (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parameter_name   text NOT NULL,
    old_value        numeric(18,6) NOT NULL,
    new_value        numeric(18,6) NOT NULL,
    confidence_score double precision NOT NULL CHECK (confidence_score BETWEEN 0 AND 100),
    status           text NOT NULL DEFAULT 'PENDING' CHECK (status IN
                     ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED', 'APPLIED', 'AUTO_APPLIED',
                      'REJECTED', 'EXPIRED', 'ROLLED_BACK', 'SUPERSEDED', 'FAILED')),
    reasoning        text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT desk_now(),
    account_id       integer NOT NULL DEFAULT 1,
    version          integer NOT NULL DEFAULT 1,
    risk_level       text NOT NULL DEFAULT 'HIGH' CHECK (risk_level IN ('LOW', 'MEDIUM', 'HIGH')),
    priority         text NOT NULL DEFAULT 'LOW' CHECK (priority IN ('LOW', 'MEDIUM', 'HIGH')),
    evidence         jsonb NOT NULL DEFAULT '{}',
    decided_by       text,
    decided_at       timestamptz,
    decision_reason  text,
    applied_at       timestamptz,
    expires_at       timestamptz
);
CREATE INDEX strategy_adjustments_created ON strategy_adjustments (created_at DESC);
CREATE INDEX strategy_adjustments_waiting ON strategy_adjustments (id)
    WHERE status IN ('PENDING', 'DEFERRED', 'SHADOW', 'APPROVED');
ALTER TABLE parameter_versions ADD FOREIGN KEY (adjustment_id) REFERENCES strategy_adjustments;
