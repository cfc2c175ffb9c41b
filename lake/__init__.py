"""What we keep: schemas, refs, keys, the store and its lineage. Imports nothing of ours."""
