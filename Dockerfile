# One image for every part: web, scheduler, workers. Runs as a user without rights; only /data is written.
FROM python:3.13.9-slim-bookworm AS build
WORKDIR /opt/earful
# The base set and what `earful predict` needs, in one file.
COPY requirements/insight.txt requirements/insight.txt
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --quiet --require-hashes --only-binary :all: -r requirements/insight.txt

FROM python:3.13.9-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --no-create-home earful \
 && install -d -o earful -g earful -m 0700 /data
WORKDIR /opt/earful
COPY --from=build /opt/earful/.venv .venv
COPY core core
COPY crawlers crawlers
COPY nlp nlp
COPY store store
COPY engage engage
COPY web web
COPY cli cli
COPY scrapy.cfg LICENSE ./
# The root is read-only where it runs: without this every process, each crawl too, would compile it all anew.
RUN python -m compileall -q core crawlers nlp store engage web cli
ENV PATH=/opt/earful/.venv/bin:$PATH PYTHONPATH=/opt/earful PYTHONUNBUFFERED=1 \
    EARFUL_DATA_DIR=/data EARFUL_HOST=0.0.0.0 EARFUL_PORT=8710
USER earful
VOLUME /data
EXPOSE 8710
ENTRYPOINT ["python", "-m", "cli"]
CMD ["up"]
