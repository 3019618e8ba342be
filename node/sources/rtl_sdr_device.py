"""An RTL-SDR in a USB port: the only file that knows pyrtlsdr, and what pyrtlsdr needs to be kept from.

- Importing it fails in three ways when its library is missing or old; each becomes ``SourceUnavailable``.
- Every error in one of its setters closes the device under the feet of a running read, and one in the middle of
  ``open`` leaves it open: here ``close`` does nothing and ``release`` closes, once, when no read runs.
- A callback gets a view into memory that librtlsdr uses again and then frees: it is copied at once.
- What a callback raises is printed and forgotten: ours keeps it, cancels the read and ``read`` raises it.
- The same correction twice is an error: it is set only when it changes.
- Its frequencies are rounded to kHz, its gain is stale under ``auto``: nothing is read back.
- Its ``stream()`` hangs when the device is lost: not used.
- A read that ends with success, without having been cancelled, means that the device is gone: that is for the caller.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from dsp.iq import SourceError, SourceLost, SourceUnavailable
from node.sources.rtl2832u import nearest_gain_tenths, tuner_name
from node.sources.settings import RtlSdrSettings
from node.sources.tuning import AUTO

DIRECT_SAMPLING = {"off": 0, "i": 1, "q": 2}
CURE_INSTALL = "install it with: pip install 'pyrtlsdr[lib]' (x86-64 and aarch64)"
CURE_PLUG = (
    "plug one in; if it is, see that `lsusb` lists it, unload the television driver "
    "(sudo modprobe -r dvb_usb_rtl28xxu) and let the service use USB (udev rules of the package rtl-sdr)"
)
CURES = {
    -1: "it does not answer; plug it in anew",
    -3: "no permission for the USB device; install the udev rules of the package rtl-sdr, then plug it in anew",
    -4: "it went away; plug it in anew",
    -6: "another program or the television driver uses it; stop that program, or sudo modprobe -r dvb_usb_rtl28xxu",
}
"""What to do, by the code of libusb."""


def _driver() -> tuple[Any, Any]:
    """The class of pyrtlsdr with a ``close`` that cannot hurt, and its library; imported at the first use."""
    try:
        from rtlsdr.librtlsdr import librtlsdr
        from rtlsdr.rtlsdr import RtlSdr
    except ImportError as error:
        raise SourceUnavailable(f"pyrtlsdr cannot be loaded ({error}); {CURE_INSTALL}") from error
    except (AttributeError, OSError) as error:
        raise SourceUnavailable(
            f"pyrtlsdr found a librtlsdr that is too old for it ({error}); {CURE_INSTALL}"
        ) from error

    class Driver(RtlSdr):  # type: ignore[misc]  # pyrtlsdr is untyped
        def close(self) -> None:
            """Not now; see ``RtlSdrDevice.release``."""

    return Driver, librtlsdr


def _code(error: Exception) -> int | None:
    """Code of libusb in an error of pyrtlsdr."""
    code = getattr(error, "errno", None)
    return code if isinstance(code, int) else None


def _why(error: Exception) -> str:
    code = _code(error)
    cure = CURES.get(code) if code is not None else None
    return f"{cure} (code {code})" if cure else str(error)


def choose(serials: list[str], wanted: str | None, label: str) -> int:
    """Index of the dongle to open.

    Raises
    ------
    SourceUnavailable
        If there is none, or the serial number does not tell which.
    """
    if not serials:
        raise SourceUnavailable(f"{label}: no RTL-SDR found; {CURE_PLUG}")
    if wanted is None:
        return 0
    present = ", ".join(serials)
    counts = Counter(serials)
    if counts[wanted] > 1:
        raise SourceUnavailable(
            f"{label}: {counts[wanted]} dongles have the serial number {wanted} (present: {present}); give each "
            "its own with rtl_eeprom -d INDEX -s NUMBER, then plug it in anew"
        )
    if not counts[wanted]:
        raise SourceUnavailable(
            f"{label}: no dongle has the serial number {wanted}; present: {present}; set serial to one of them"
        )
    return serials.index(wanted)


def serial_numbers() -> list[str]:
    """Serial numbers of the dongles in this machine's ports, in use or not; nothing is opened.

    Raises
    ------
    SourceUnavailable
        If they cannot be listed.
    """
    driver, _ = _driver()
    try:
        serials: list[str] = driver.get_device_serial_addresses()
    except OSError as error:
        raise SourceUnavailable(f"the serial numbers of the dongles cannot be read: {_why(error)}") from error
    return serials


class RtlSdrDevice:
    """An open and tuned dongle.

    Parameters
    ----------
    settings
        Which, and how to tune it.
    label
        Names the radio in messages.

    Raises
    ------
    SourceUnavailable
        If it cannot be opened or set.
    """

    def __init__(self, settings: RtlSdrSettings, label: str) -> None:
        driver, self._library = _driver()
        self._label = label
        self._cancelled = threading.Event()
        self._failure: Exception | None = None
        self._ppm = 0
        self._bias_tee = settings.bias_tee
        self.notes: tuple[str, ...] = ()
        """What the operator may want to know of this opening."""
        try:
            serials: list[str] = driver.get_device_serial_addresses()
        except OSError as error:
            raise SourceUnavailable(f"{label}: the serial numbers cannot be read: {_why(error)}") from error
        index = choose(serials, settings.serial, label)
        self.serial = serials[index]
        """Serial number of the dongle."""
        if settings.serial is None and len(serials) > 1:
            self.notes += (f"took the first of {', '.join(serials)}; set serial to choose",)
        self._dongle = driver.__new__(driver)
        self._dongle.dev_p = ctypes.c_void_p(None)
        try:
            self._dongle.open(index)
            self._set_up(settings)
        except OSError as error:
            self.release()
            raise SourceUnavailable(f"{label}: dongle {self.serial} cannot be opened: {_why(error)}") from error

    def _set_up(self, settings: RtlSdrSettings) -> None:
        dongle = self._dongle
        if settings.direct_sampling != "off":
            dongle.set_direct_sampling(DIRECT_SAMPLING[settings.direct_sampling])
        dongle.set_sample_rate(int(settings.sample_rate_hz))
        if settings.ppm != self._ppm:
            dongle.set_freq_correction(settings.ppm)
            self._ppm = settings.ppm
        dongle.set_center_freq(settings.tuned_hz(settings.centre_hz))
        if settings.gain == AUTO:
            dongle.set_gain(AUTO)
        else:
            tenths = nearest_gain_tenths(settings.gain, tuple(dongle.gain_values))
            dongle.set_gain(tenths / 10)
            if tenths != round(10 * settings.gain):
                self.notes += (f"gain {tenths / 10:g} dB, the tuner's nearest to {settings.gain:g} dB",)
        dongle.set_agc_mode(settings.digital_agc)
        try:
            dongle.set_bias_tee(settings.bias_tee)
        except OSError:
            if settings.bias_tee:
                raise
        self.description = f"dongle {self.serial}, {tuner_name(dongle.get_tuner_type())} tuner"
        """What it is, in words."""

    def tune(self, tuned_hz: int) -> None:
        """Tune to another frequency, also while ``read`` runs in another thread.

        Raises
        ------
        SourceLost
            If the dongle refuses.
        """
        try:
            self._dongle.set_center_freq(tuned_hz)
        except OSError as error:
            raise SourceLost(
                f"{self._label}: dongle {self.serial} cannot be tuned to {tuned_hz} Hz: {_why(error)}"
            ) from error

    def read(self, use: Callable[[bytes], None], block_bytes: int) -> SourceError:
        """Read until cancelled or until the device is lost; give why it ended, which matters if it was not cancelled.

        Parameters
        ----------
        use
            Called in this thread with each block.
        block_bytes
            Bytes of a block, a multiple of 512.

        Raises
        ------
        Exception
            What ``use`` raised.
        """

        def callback(view: ctypes.Array[ctypes.c_ubyte], _: object) -> None:
            if self._cancelled.is_set():
                self.cancel()
                return
            try:
                use(bytes(view))
            except Exception as error:  # noqa: BLE001 - nothing may escape into C
                self._failure = error
                self.cancel()

        if self._cancelled.is_set():
            return SourceLost(f"{self._label}: cancelled")
        end = "its stream ended"
        try:
            self._dongle.read_bytes_async(callback, block_bytes)
        except OSError as error:
            end = str(error)
        if self._failure is not None:
            raise self._failure
        return SourceLost(f"{self._label}: dongle {self.serial} is gone ({end}); was it unplugged?")

    def cancel(self) -> None:
        """End ``read`` soon. From any thread, any number of times; again if it had not quite begun."""
        self._cancelled.set()
        with contextlib.suppress(OSError):
            self._dongle.cancel_read_async()

    def release(self, reader: threading.Thread | None = None) -> None:
        """Close the device; its reader must have ended, or this does nothing: librtlsdr would use freed memory."""
        dongle = self._dongle
        if (reader is not None and reader.is_alive()) or not dongle.dev_p:
            return
        if self._bias_tee:
            self._library.rtlsdr_set_bias_tee(dongle.dev_p, 0)
        self._library.rtlsdr_close(dongle.dev_p)
        dongle.dev_p = ctypes.c_void_p(None)
        dongle.device_opened = False
