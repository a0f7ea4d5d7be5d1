"""Asks the hub whose token HF_TOKEN is."""

from __future__ import annotations

from engine.errors import ModelError
from engine.models.hub_address import bare

TIMEOUT_S = 5.0


def owner_of_token(token: str, *, endpoint: str = "", timeout_s: float = TIMEOUT_S) -> str:
    """The name of the account that the token is of. Raises ModelError, which says why not."""
    from httpx2 import HTTPError, InvalidURL
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import OfflineModeIsEnabled
    from huggingface_hub.utils import get_session

    address = endpoint or ENDPOINT
    hub = bare(address)
    try:
        answer = get_session().get(
            f"{address}/api/whoami-v2",
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_s,
            follow_redirects=False,
        )
        if answer.status_code in (401, 403):
            raise ModelError(
                f"The hub refuses HF_TOKEN ({answer.status_code}): it is wrong, has expired or was "
                "taken back; make a new one at https://huggingface.co/settings/tokens."
            )
        if answer.status_code != 200:
            raise ModelError(f"HF_TOKEN could not be tried: {hub} answered {answer.status_code}.")
        return str(answer.json()["name"])
    except OfflineModeIsEnabled:
        raise ModelError("HF_TOKEN could not be tried, since HF_HUB_OFFLINE is set.") from None
    except (HTTPError, OSError) as error:
        raise ModelError(
            f"HF_TOKEN could not be tried, since {hub} cannot be reached "
            f"({type(error).__name__}); check the network, the proxy and HF_ENDPOINT."
        ) from None
    except (InvalidURL, ImportError):  # whose words may hold a part of a password
        raise ModelError(
            f"HF_TOKEN could not be tried: {hub}, or the proxy on the way there, is no address "
            "that can be asked; correct HF_ENDPOINT or HTTPS_PROXY."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ModelError(f"HF_TOKEN could not be tried: {hub} is no hub.") from None
