from urllib.parse import quote

from bundle_secrets import get_secret


def database_url() -> str:
    return f"postgres://app:{quote(get_secret('DB_PASSWORD'), safe='')}@db.example.com/app"
