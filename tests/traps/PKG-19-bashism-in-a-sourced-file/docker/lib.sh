hosts=(db cache)
