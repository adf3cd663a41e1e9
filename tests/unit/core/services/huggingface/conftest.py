from tests.services.fixtures_hub import hub_double, hub_process

__all__ = ["hub_double", "hub_process"]
