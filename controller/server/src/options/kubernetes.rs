//! What the controller is told when it runs in a Kubernetes cluster. The chart says all of it.

/// Names of the installation's objects. Those of Secret, ConfigMap and Lease follow from `release`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Kubernetes")]
pub struct KubernetesOptions {
    /// Be the operator of the namespace: identity in its Secret, leader by its Lease, agents by ServiceAccount.
    #[arg(
        long,
        env = "CLOISTER_KUBERNETES",
        requires_all = ["kubernetes_namespace", "kubernetes_pod", "kubernetes_release"]
    )]
    pub kubernetes: bool,
    /// The namespace of the installation.
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAME")]
    pub kubernetes_namespace: Option<String>,
    /// The name of this controller's pod.
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub kubernetes_pod: Option<String>,
    /// What the names of the installation's objects begin with.
    #[arg(long, value_name = "NAME")]
    pub kubernetes_release: Option<String>,
    /// The ServiceAccount that agents run as. Default: RELEASE-agent.
    #[arg(long, value_name = "NAME")]
    pub kubernetes_agent_service_account: Option<String>,
}

/// The same, known to be complete.
#[derive(Debug, Clone)]
pub struct Installation {
    pub namespace: String,
    pub pod: String,
    pub release: String,
    pub agent_service_account: String,
}

impl KubernetesOptions {
    /// `None` outside of a cluster.
    pub fn installation(&self) -> Option<Installation> {
        let release = self.kubernetes_release.clone().filter(|_| self.kubernetes)?;
        let agents = self.kubernetes_agent_service_account.clone();
        Some(Installation {
            namespace: self.kubernetes_namespace.clone()?,
            pod: self.kubernetes_pod.clone()?,
            agent_service_account: agents.unwrap_or_else(|| format!("{release}-agent")),
            release,
        })
    }
}

impl Installation {
    /// Holds the fleet's keys.
    pub fn identity_secret(&self) -> String {
        format!("{}-identity", self.release)
    }

    /// Holds the fleet CA's certificate, for agents.
    pub fn ca_config_map(&self) -> String {
        format!("{}-fleet-ca", self.release)
    }

    /// Says which controller leads.
    pub fn lease(&self) -> String {
        format!("{}-controller", self.release)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::options::Options;

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["cloister-controller", "--data", "d"], arguments].concat())
    }

    #[test]
    fn names_follow_from_the_release() {
        let options = parse(&[
            "--kubernetes",
            "--kubernetes-namespace=ai",
            "--kubernetes-pod=cloister-0",
            "--kubernetes-release=cloister",
        ]);
        let installation = options.unwrap().kubernetes.installation().unwrap();
        assert_eq!(installation.identity_secret(), "cloister-identity");
        assert_eq!(installation.ca_config_map(), "cloister-fleet-ca");
        assert_eq!(installation.lease(), "cloister-controller");
        assert_eq!(installation.agent_service_account, "cloister-agent");
    }

    #[test]
    fn a_controller_in_a_cluster_must_know_where_it_is() {
        assert!(parse(&["--kubernetes", "--kubernetes-release=cloister"]).is_err());
        let elsewhere = parse(&["--kubernetes-release=cloister"]).unwrap();
        assert!(elsewhere.kubernetes.installation().is_none());
    }
}
