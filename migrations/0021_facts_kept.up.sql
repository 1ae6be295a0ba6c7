-- Dossiers are dropped after 13 months; what learning compares decisions by is kept for ever, for
-- the level of its tests rests on evidence that only grows.

CREATE TABLE evaluation_facts (
    evaluation_id bigint PRIMARY KEY REFERENCES evaluations,
    sector        text,
    rsi           double precision,  -- NULL: not known
    volume_ratio  double precision,
    atr           double precision,
    beta          double precision
);
COMMENT ON TABLE evaluation_facts IS 'of the dossier, written with it';

-- OFFSET 0: each text is parsed once.
INSERT INTO evaluation_facts (evaluation_id, sector, rsi, volume_ratio, atr, beta)
SELECT DISTINCT ON (d.evaluation_id) d.evaluation_id, d.c->'profile'->>'sector',
       (d.c->'indicators'->>'rsi')::float8, (d.c->'indicators'->>'volume_ratio')::float8,
       (d.c->'indicators'->>'atr')::float8, (d.c->'indicators'->>'beta')::float8
FROM (SELECT x.evaluation_id, x.created_at, x.content::jsonb AS c FROM dossiers x
      JOIN evaluations e ON e.id = x.evaluation_id OFFSET 0) d
ORDER BY d.evaluation_id, d.created_at DESC;
