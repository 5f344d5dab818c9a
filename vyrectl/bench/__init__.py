"""Work to run and to measure: rings of real operations, ceilings, ratios."""
