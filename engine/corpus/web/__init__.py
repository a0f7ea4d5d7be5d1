"""How a listed address is fetched, guarded, kept and understood."""
