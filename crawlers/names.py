"""What names lead to: addresses of IPv4 and IPv6."""

from __future__ import annotations

from collections.abc import Sequence

from scrapy.resolver import CachingHostnameResolver
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver


class Names(CachingHostnameResolver):  # type: ignore[misc]  # scrapy tells no types
    """Resolve names as the system does; for Scrapy's usual resolver a host of IPv6 alone is none.

    An address of IPv6 comes from Twisted in the brackets of its URL. `DOWNLOAD_TIMEOUT` ends a slow look-up.
    """

    def resolveHostName(  # noqa: N802 - Twisted's own name
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803 - the same
        hostName: str,  # noqa: N803 - the same
        portNumber: int = 0,  # noqa: N803 - the same
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803 - the same
        transportSemantics: str = "TCP",  # noqa: N803 - the same
    ) -> IHostResolution:
        """Tell a receiver the addresses of a host."""
        return super().resolveHostName(
            resolutionReceiver, hostName.strip("[]"), portNumber, addressTypes, transportSemantics
        )
