"""The launch policy (spec 2): request, recommendation, evidence, accounting. Pure arithmetic, standard library only."""
