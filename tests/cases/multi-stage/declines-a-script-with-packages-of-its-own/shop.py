# /// script
# dependencies = ["httpx"]
# ///
import httpx
