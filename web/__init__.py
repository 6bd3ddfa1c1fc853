"""The screens of Earful: server-rendered, and the only package that imports Flask."""

from web.app import create_app

__all__ = ["create_app"]
