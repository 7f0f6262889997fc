exec python -m "$1"
