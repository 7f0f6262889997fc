"""Create the tables: python -m backend.migrate"""

from backend.storage import Base, engine

if __name__ == "__main__":
    Base.metadata.create_all(engine)
