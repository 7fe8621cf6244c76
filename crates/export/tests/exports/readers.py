"""What two readers of PDF that others wrote find in files: pypdf, which is strict, and PDFium, of which Chromium's viewer is made.

    readers.py FILE...

Prints a line of JSON for each file: of each reader `pages`, `text` and `problems`; and `codes`, what is in the QR codes of the pages as PDFium
draws them. Needs the packages pypdf, pypdfium2 and zxing-cpp; without them it writes `missing: ` and ends."""
import json
import logging
import sys

try:
    import pypdf
    import pypdfium2
    import zxingcpp
except ImportError as error:
    sys.exit(f"missing: {error}")


class Problems(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.all = []

    def emit(self, record):
        self.all.append(record.getMessage())


def by_pypdf(path):
    problems = Problems()
    logging.getLogger("pypdf").addHandler(problems)
    try:
        pages = [page.extract_text() for page in pypdf.PdfReader(path, strict=True).pages]
    except pypdf.errors.PyPdfError as error:
        return {"pages": 0, "text": "", "problems": [f"{type(error).__name__}: {error}"]}
    finally:
        logging.getLogger("pypdf").removeHandler(problems)
    return {"pages": len(pages), "text": "\n".join(pages), "problems": problems.all}


def by_pdfium(path):
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        return {"pages": 0, "text": "", "problems": [str(error)]}, []
    texts, codes = [], []
    for page in document:
        texts.append(page.get_textpage().get_text_bounded())
        drawn = page.render(scale=3, grayscale=True)
        pixels = memoryview(drawn.buffer).cast("B")
        rows = [pixels[row * drawn.stride:row * drawn.stride + drawn.width] for row in range(drawn.height)]
        image = memoryview(b"".join(rows)).cast("B", (drawn.height, drawn.width))
        codes += [code.text for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)]
    return {"pages": len(document), "text": "\n".join(texts), "problems": []}, codes


for path in sys.argv[1:]:
    pdfium, codes = by_pdfium(path)
    print(json.dumps({"pypdf": by_pypdf(path), "pdfium": pdfium, "codes": codes}))
