import tiktoken
