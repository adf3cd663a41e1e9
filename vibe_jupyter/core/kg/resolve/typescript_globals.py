"""The names that JavaScript, browsers and Node.js give every module."""

from __future__ import annotations

__all__ = ["GLOBALS"]

GLOBALS = frozenset(
    """
    Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp
    Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis JSON Math Intl
    ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array
    Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap WeakSet Proxy Reflect
    FinalizationRegistry WeakRef Iterator decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval
    isFinite isNaN SharedArrayBuffer Atomics WebAssembly SuppressedError DisposableStack AsyncDisposableStack arguments

    console process global Buffer clearImmediate setImmediate URL URLSearchParams DOMException AbortController
    AbortSignal Event EventTarget TextEncoder TextDecoder TransformStream WritableStream ReadableStream
    ByteLengthQueuingStrategy CountQueuingStrategy CompressionStream DecompressionStream clearInterval clearTimeout
    setInterval setTimeout queueMicrotask structuredClone atob btoa BroadcastChannel MessageChannel MessagePort
    MessageEvent Blob File Performance PerformanceObserver performance fetch FormData Headers Request Response crypto
    Crypto CryptoKey SubtleCrypto CustomEvent __filename __dirname require module exports

    window self document navigator location history screen localStorage sessionStorage indexedDB caches alert confirm
    prompt open close print postMessage getComputedStyle getSelection matchMedia requestAnimationFrame
    cancelAnimationFrame requestIdleCallback cancelIdleCallback scrollTo addEventListener removeEventListener
    dispatchEvent createImageBitmap importScripts customElements visualViewport frames parent top
    Node Element HTMLElement SVGElement Document DocumentFragment ShadowRoot Text Comment Attr NodeList NodeFilter Range
    Selection DOMParser DOMRect DOMMatrix DOMPoint XMLSerializer XPathResult XMLHttpRequest WebSocket EventSource Worker
    SharedWorker ServiceWorker Notification Image Audio Option FileReader FileList DataTransfer Path2D OffscreenCanvas
    ImageData ImageBitmap MutationObserver ResizeObserver IntersectionObserver MediaQueryList MediaRecorder MediaStream
    AudioContext RTCPeerConnection UIEvent MouseEvent KeyboardEvent PointerEvent TouchEvent WheelEvent DragEvent
    FocusEvent InputEvent ClipboardEvent CompositionEvent ErrorEvent CloseEvent ProgressEvent PopStateEvent StorageEvent
    PromiseRejectionEvent AnimationEvent TransitionEvent CSS CSSStyleSheet StyleSheet HTMLInputElement HTMLDivElement
    HTMLAnchorElement HTMLButtonElement HTMLCanvasElement HTMLFormElement HTMLIFrameElement HTMLImageElement
    HTMLSelectElement HTMLTextAreaElement HTMLVideoElement HTMLAudioElement HTMLTableElement HTMLTemplateElement

    describe it test expect beforeEach afterEach beforeAll afterAll before after suite jest vi jasmine cy Deno Bun
    """.split()  # noqa: SIM905 - a hundred quoted lines are no easier to read
)
"""Test runners' words are among them; a name that a file binds itself means that."""
