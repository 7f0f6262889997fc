import mem0
