"""What only a GPU can tell of the engine, in parts that can be run one by one."""
