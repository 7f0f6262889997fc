//! Lines as people write them, and projects that bytes put together from them.

use arbitrary::{Result, Unstructured};

/// Base images.
pub(crate) const BASES: &[&str] = &[
    "python:3.11-slim",
    "python:3.12-slim-bookworm",
    "python:3.11",
    "node:22-slim",
    "debian:bookworm-slim",
    "python:3.12-alpine3.22",
    "ubuntu:24.04",
    "${BASE}",
    "scratch",
    "registry.example.com/python:3.11-slim",
];

/// Instructions of a stage.
pub(crate) const INSTRUCTIONS: &[&str] = &[
    "WORKDIR /app",
    "ENV PYTHONUNBUFFERED=1",
    "ENV PATH=/x:$PATH \\\n    # why\n    B=c",
    "ENV LEGACY some value",
    "COPY . .",
    "COPY requirements.txt .",
    "COPY --chown=app:app src/ ./src/",
    "ADD x.tar.gz /opt/",
    "RUN pip install --no-cache-dir -r requirements.txt",
    "RUN pip install flask==3.0.0 psycopg2",
    "RUN groupadd -r app && useradd -r -g app app",
    "RUN useradd -m -u 1000 app",
    "USER app",
    "USER 1000:1000",
    "RUN chown -R app:app /app",
    "RUN mkdir -p /app/logs && \\\n    chown -R app:app /app",
    "EXPOSE 8000",
    "RUN npm ci --omit=dev",
    "RUN [\"echo\", \"a\"]",
    "RUN <<EOF\nset -e\n# in a here-document\necho a\nEOF",
    "SHELL [\"/bin/bash\", \"-c\"]",
    "RUN echo $(( 1 + 2 )) && [[ a == b ]] || true",
    "VOLUME /data",
    "LABEL a=b c=\"d e\"",
    "HEALTHCHECK --interval=5s CMD curl -f http://localhost:8000/ || exit 1",
    "CMD [\"python\", \"app.py\"]",
    "CMD uvicorn app.main:app --workers 4",
    "CMD [\"gunicorn\", \"a:b\"]",
    "ENTRYPOINT [\"/entry.sh\"]",
    "STOPSIGNAL SIGINT",
    "ARG VERSION=1",
    "RUN wget -qO- https://example.com/x | sh",
    "RUN --mount=type=cache,target=/root/.cache pip install x",
    "RUN set -eux; \\\n    # first\n    apt-get update; \\\n    apt-get install -y git; \\\n    rm -rf /var/lib/apt/lists/*",
    "run apt-get update && apt-get -y install gcc libpq-dev",
    "# a comment of its own",
    "",
    "# ends in a backslash \\",
];

/// Entries of a service, four columns in.
pub(crate) const SERVICE: &[&str] = &[
    "build: .",
    "build:\n      context: .\n      dockerfile: Dockerfile # ours",
    "build: {context: ., target: stage0}",
    "image: example/app:1",
    "command: [\"uvicorn\", \"app:app\", \"--workers\", \"4\"]",
    "command: python app.py",
    "entrypoint: /entry.sh",
    "environment:\n      WEB_CONCURRENCY: \"2\"\n      # why\n      A: ${B:-c}",
    "environment:\n      - A=b",
    "ports:\n      - \"80:80\"\n      - 8000:8000",
    "volumes:\n      - ./data:/data\n      - logs:/app/logs:ro",
    "deploy:\n      resources:\n        limits:\n          memory: 1G\n          cpus: \"1.0\"",
    "mem_limit: 512m",
    "cpus: 0.5",
    "healthcheck:\n      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost:8000/\"]\n      interval: 30s",
    "healthcheck:\n      test: curl -f http://localhost/ || exit 1\n      start_period: 5s",
    "user: \"1000\"",
    "init: true",
    "read_only: true",
    "privileged: true",
    "cap_drop: [ALL]",
    "security_opt:\n      - no-new-privileges:true",
    "tmpfs: /tmp",
    "network_mode: host",
    "restart: always",
    "<<: *common",
    "# a comment of its own",
    "depends_on: [db]",
];

/// Lines of a requirements file.
pub(crate) const REQUIREMENTS: &[&str] = &[
    "flask==3.0.0",
    "gunicorn==23.0.0",
    "uvicorn[standard]>=0.30 ; python_version >= \"3.9\"",
    "uvicorn-worker==0.3.0",
    "psycopg2==2.9.10  # why",
    "numpy==1.26.4 \\\n    --hash=sha256:0123",
    "tensorflow==2.16.1",
    "-r other.txt",
    "-c constraints.txt",
    "-e .",
    "--index-url https://pypi.example.com/simple",
    "--only-binary :all:",
    "git+https://example.com/a/b.git@v1#egg=b",
    "pkg @ https://example.com/pkg.whl",
    "./wheels/local.whl",
    "${NAME}==1",
    "# a comment",
    "not a requirement",
    "",
];

/// A Dockerfile with what belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// The Dockerfile.
    pub(crate) dockerfile: String,
    /// The compose file; empty for none.
    pub(crate) compose: String,
    /// The requirements file.
    pub(crate) requirements: String,
}

/// The same file with a backtick for an escape character.
pub(crate) fn with_backticks(dockerfile: &str) -> String {
    format!("# escape=`\n{}", dockerfile.replace("\\\n", "`\n"))
}

/// The project that `choices` put together.
pub(crate) fn project(choices: &mut Unstructured) -> Result<Project> {
    let ending = if choices.ratio(1, 8)? { "\r\n" } else { "\n" };
    let mut dockerfile = String::from("# ours\nARG BASE=python:3.11-slim\n");
    for stage in 0..choices.int_in_range(1..=3)? {
        dockerfile += &format!("FROM {}", choices.choose(BASES)?);
        dockerfile += &if choices.ratio(1, 2)? { format!(" AS stage{stage}\n") } else { "\n".to_owned() };
        for line in lines(choices, INSTRUCTIONS)? {
            dockerfile += &format!("{line}\n");
        }
    }
    let requirements = lines(choices, REQUIREMENTS)?.join("\n");
    let compose = if choices.ratio(3, 4)? { compose(choices)? } else { String::new() };
    // Asked last, and so that no choice left means no: what a seed says stays what it says.
    let dockerfile = if choices.ratio(7, 8)? { dockerfile } else { with_backticks(&dockerfile) };
    let turned = |text: String| text.replace('\n', ending);
    Ok(Project {
        dockerfile: turned(dockerfile),
        compose: turned(compose),
        requirements: turned(requirements),
    })
}

fn compose(choices: &mut Unstructured) -> Result<String> {
    let mut text = String::from("x-common: &common\n  restart: always\n\n# All of it\nservices:\n");
    for service in 0..choices.int_in_range(1..=3)? {
        text += &format!("  s{service}:\n");
        for line in lines(choices, SERVICE)? {
            text += &format!("    {line}\n");
        }
    }
    Ok(text)
}

fn lines(choices: &mut Unstructured, known: &[&'static str]) -> Result<Vec<&'static str>> {
    let count = choices.int_in_range(0..=10)?;
    (0..count).map(|_| choices.choose(known).copied()).collect()
}
