-- The paper broker: what an order, a fill and a position need to be filled, closed and proven.

ALTER TABLE positions
    ADD COLUMN cost_usd         numeric(18,6) NOT NULL DEFAULT 0,  -- of the shares held
    ADD COLUMN bought           bigint NOT NULL DEFAULT 0,         -- shares, splits applied
    ADD COLUMN stop_pct         double precision,                  -- of the entry price
    ADD COLUMN target_pct       double precision,
    ADD COLUMN trail_atr        double precision,                  -- multiples of atr
    ADD COLUMN atr              double precision,                  -- dollars, at the decision
    ADD COLUMN time_exit        integer,                           -- sessions
    ADD COLUMN trail_high       numeric(18,6),                     -- highest close since +1 R
    ADD COLUMN high_price       numeric(18,6),                     -- since entry, for MFE and MAE
    ADD COLUMN low_price        numeric(18,6),
    ADD COLUMN seen_day         date,        -- of the last look at its price
    ADD COLUMN seen_high        numeric(18,6),  -- the day's extremes at that look
    ADD COLUMN seen_low         numeric(18,6),
    ADD COLUMN entry_day        date,        -- session of the first fill
    ADD COLUMN regime           text,        -- at the decision
    ADD COLUMN exit_reason      text,        -- of the exit under way
    ADD COLUMN unpriced_since   timestamptz,
    ADD COLUMN unpriced_reason  text,
    ADD COLUMN parameters       jsonb NOT NULL DEFAULT '{}';  -- name: id in parameter_versions

ALTER TABLE orders
    ADD COLUMN purpose          text NOT NULL CHECK (purpose IN ('ENTRY', 'EXIT')),
    ADD COLUMN exit_reason      text,
    ADD COLUMN triggered        boolean NOT NULL DEFAULT false,  -- a stop that was hit
    ADD COLUMN not_before       timestamptz,     -- fills only on prices of this moment and later
    ADD COLUMN expires_at       timestamptz,     -- an entry not filled by then is cancelled
    ADD COLUMN sigma_daily      double precision,  -- of the symbol, fraction
    ADD COLUMN adv_shares       double precision,  -- 20-session mean volume
    ADD COLUMN half_spread_bps  double precision NOT NULL DEFAULT 2.5,
    ADD COLUMN requested_by     text NOT NULL DEFAULT '',
    ADD CHECK ((purpose = 'EXIT') = (exit_reason IS NOT NULL));
-- One entry for one decision, for ever.
CREATE UNIQUE INDEX orders_one_entry ON orders (evaluation_id) WHERE purpose = 'ENTRY';
CREATE INDEX orders_position ON orders (position_id);

ALTER TABLE fills
    ADD COLUMN fill_key     text NOT NULL UNIQUE,   -- the same fill is recorded once
    ADD COLUMN slippage_usd numeric(18,6) NOT NULL DEFAULT 0,  -- against the price seen
    ADD COLUMN reason       text NOT NULL DEFAULT '';

ALTER TABLE evaluations ADD COLUMN order_result text;
COMMENT ON COLUMN evaluations.order_result IS
    'what became of a BUY: "ordered", or which guard or state refused it and why';

-- Splits and dividends that were applied, once each.
CREATE TABLE corporate_actions (
    account_id   integer NOT NULL DEFAULT 1 REFERENCES accounts,
    symbol       text NOT NULL,
    ex_day       date NOT NULL,
    split_ratio  double precision,   -- new shares for one old
    dividend_usd numeric(18,6),      -- a share
    position_id  bigint REFERENCES positions,
    cash_usd     numeric(18,6) NOT NULL DEFAULT 0,  -- dividend, or cash in lieu of fractions
    applied_at   timestamptz NOT NULL DEFAULT desk_now(),
    PRIMARY KEY (account_id, symbol, ex_day)
);
