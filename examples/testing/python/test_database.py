import pytest
from bundle_secrets import SecretNotFound
from database import database_url


def test_the_password_is_part_of_the_address(bundle_secrets):
    bundle_secrets["DB_PASSWORD"] = "not/real"
    assert database_url() == "postgres://app:not%2Freal@db.example.com/app"


def test_a_missing_secret_is_an_error(bundle_secrets):
    with pytest.raises(SecretNotFound):
        database_url()
