//! etcd and kube-apiserver on loopback, of this test process alone.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use tempfile::TempDir;

const READY_DEADLINE: Duration = Duration::from_secs(180);

/// Ends both programs, and removes their folder, when its standard input closes: with the test process, however that ends.
const KEEPER: &str = r#"folder=$1 bin=$2 etcd=$3 peer=$4 api=$5
cd "$folder"
"$bin/etcd" --data-dir etcd --listen-client-urls "http://127.0.0.1:$etcd" --advertise-client-urls "http://127.0.0.1:$etcd" \
  --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
  --initial-cluster "default=http://127.0.0.1:$peer" --unsafe-no-fsync --log-level error >etcd.out 2>&1 </dev/null & first=$!
"$bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$etcd" --bind-address 127.0.0.1 --secure-port "$api" \
  --tls-cert-file server.pem --tls-private-key-file server.key --client-ca-file ca.pem --authorization-mode RBAC \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file sa.pub \
  --service-account-signing-key-file sa.key --service-cluster-ip-range 10.96.0.0/16 >api.out 2>&1 </dev/null & second=$!
read -r order
kill -KILL "$second" "$first" 2>/dev/null
wait
rm -rf "$folder""#;

/// A running API server with the kinds of the chart installed.
pub(crate) struct ApiServer {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
    /// Held open for as long as the server is to run.
    _keeper: std::process::Child,
}

impl ApiServer {
    /// The one that all tests share. `None`, and a sentence, where its programs are not built; where `CI` is set that is
    /// a failure.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Result<ApiServer, String>>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let bin = bin();
            let missing =
                ["etcd", "kube-apiserver", "kubectl"].into_iter().find(|name| !bin.join(name).is_file());
            match missing {
                None => Some(Self::start(bin)),
                Some(name) => {
                    let how = format!(
                        "{name} is not in {}: build it with tests/kubernetes/build-tools.sh",
                        bin.display()
                    );
                    assert!(std::env::var_os("CI").is_none(), "{how}");
                    eprintln!("left out: {how}");
                    None
                }
            }
        });
        shared.as_ref().map(|started| started.as_ref().unwrap_or_else(|why| panic!("{why}")))
    }

    fn start(bin: PathBuf) -> Result<Self, String> {
        let folder = TempDir::with_prefix("api-server-").unwrap().keep();
        let [etcd, peer, port] = free_ports();
        certificates(&folder, port);
        let ports = [etcd, peer, port].map(|port| port.to_string());
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&folder)
            .arg(&bin)
            .args(ports)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let server = Self { folder, bin, port, _keeper: keeper };
        server.wait_until_ready()?;
        server.install_kinds();
        Ok(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A client's configuration, as an administrator.
    pub(crate) fn config(&self) -> kube::Config {
        self.config_at(self.port)
    }

    /// As [`Self::config`], by way of another port of this machine.
    pub(crate) fn config_at(&self, port: u16) -> kube::Config {
        let mut config = kube::Config::new(format!("https://127.0.0.1:{port}").parse().unwrap());
        let ca = pem_der(&fs::read_to_string(self.folder.join("ca.pem")).unwrap());
        config.root_cert = Some(vec![ca]);
        config.auth_info.client_certificate = Some(self.folder.join("admin.pem").display().to_string());
        config.auth_info.client_key = Some(self.folder.join("admin.key").display().to_string());
        config
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.bin.join("kubectl"));
        command.arg("--kubeconfig").arg(self.folder.join("kubeconfig")).args(arguments);
        command.env("KUBECACHEDIR", self.folder.join("cache")).output().unwrap()
    }

    /// `kubectl` with an object on its standard input; returns all that it printed.
    pub(crate) fn kubectl_with(&self, arguments: &[&str], input: &str) -> String {
        let file = TempDir::new().unwrap();
        let path = file.path().join("object.json");
        fs::write(&path, input).unwrap();
        let mut all = arguments.to_vec();
        let path = path.display().to_string();
        all.extend(["-f", path.as_str()]);
        text(&self.kubectl(&all))
    }

    fn wait_until_ready(&self) -> Result<(), String> {
        let deadline = Instant::now() + READY_DEADLINE;
        while !self.kubectl(&["get", "--raw", "/readyz"]).status.success() {
            let output = fs::read_to_string(self.folder.join("api.out")).unwrap_or_default();
            if output.contains("command failed") || Instant::now() > deadline {
                let tail: Vec<&str> = output.lines().rev().take(20).collect();
                return Err(format!("the API server is not ready: {tail:#?}"));
            }
            pause();
        }
        Ok(())
    }

    fn install_kinds(&self) {
        let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/cloister/files/crds");
        let crds = crds.display().to_string();
        let made = self.kubectl(&["apply", "--server-side", "-f", &crds]);
        assert!(made.status.success(), "{}", text(&made));
        assert!(!text(&made).contains("Warning"), "{}", text(&made));
        let names = ["models", "modeldeployments", "trustpolicies", "fleetnodes"];
        let names: Vec<String> = names.iter().map(|name| format!("crd/{name}.fleet.cloister.dev")).collect();
        let mut wait = vec!["wait", "--for=condition=Established", "--timeout=60s"];
        wait.extend(names.iter().map(String::as_str));
        let established = self.kubectl(&wait);
        assert!(established.status.success(), "{}", text(&established));
    }
}

/// All that a program printed.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn bin() -> PathBuf {
    std::env::var_os("CLOISTER_KUBERNETES_BIN").map_or_else(
        || {
            let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
            cache.unwrap_or_else(home).join("cloister-kubernetes/bin")
        },
        PathBuf::from,
    )
}

fn free_ports() -> [u16; 3] {
    let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

fn certificates(folder: &Path, port: u16) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    let (ca_key, mut ca) = (KeyPair::generate().unwrap(), CertificateParams::default());
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(DnType::CommonName, "test");
    write("ca.pem", &ca.self_signed(&ca_key).unwrap().pem());
    let issuer = Issuer::new(ca, ca_key);
    let leaf = |name: &str, organization: Option<&str>, common: &str| {
        let (key, mut params) = (KeyPair::generate().unwrap(), CertificateParams::default());
        params.subject_alt_names = vec![SanType::IpAddress("127.0.0.1".parse().unwrap())];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.distinguished_name.push(DnType::CommonName, common);
        if let Some(organization) = organization {
            params.distinguished_name.push(DnType::OrganizationName, organization);
        }
        write(&format!("{name}.pem"), &params.signed_by(&key, &issuer).unwrap().pem());
        write(&format!("{name}.key"), &key.serialize_pem());
    };
    leaf("server", None, "kube-apiserver");
    leaf("admin", Some("system:masters"), "admin");
    let accounts = KeyPair::generate().unwrap();
    write("sa.key", &accounts.serialize_pem());
    write("sa.pub", &accounts.public_key_pem());
    let at = |name: &str| folder.join(name).display().to_string();
    write(
        "kubeconfig",
        &format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{port}', \
         certificate-authority: '{}'}}}}]\nusers: [{{name: u, user: {{client-certificate: '{}', client-key: '{}'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n",
            at("ca.pem"),
            at("admin.pem"),
            at("admin.key")
        ),
    );
}

fn pem_der(text: &str) -> Vec<u8> {
    pem::parse(text).unwrap().into_contents()
}

#[allow(clippy::disallowed_methods, reason = "polls a condition, with a deadline")]
fn pause() {
    std::thread::sleep(Duration::from_millis(200));
}
