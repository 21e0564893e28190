//! The same values in both languages. Where REST leaves a field out, protobuf has it empty.

use cloister_api as rest;
use cloister_proto::admin::v1 as grpc;

use crate::api::ApiError;

/// A value of the operations as it travels over gRPC.
pub(super) trait IntoWire {
    type Wire;

    fn into_wire(self) -> Self::Wire;
}

pub(super) fn deploy(request: grpc::DeployRequest) -> (String, rest::DeployRequest) {
    let intent = rest::DeployRequest {
        model: request.model,
        replicas: request.replicas,
        context_length: request.context_length,
        max_sequences: request.max_sequences,
        node_selector: request.node_selector.into_iter().collect(),
        jurisdiction: request.jurisdiction,
        tenant: Some(request.tenant).filter(|tenant| !tenant.is_empty()),
    };
    (request.name, intent)
}

pub(super) fn role(text: &str) -> Result<rest::Role, ApiError> {
    let roles = [rest::Role::Inference, rest::Role::Admin];
    let found = roles.into_iter().find(|role| role.as_str() == text);
    found.ok_or_else(|| ApiError::invalid("role", "role must be \"inference\" or \"admin\""))
}

impl IntoWire for rest::Changed {
    type Wire = grpc::Changed;

    fn into_wire(self) -> grpc::Changed {
        let changed = self;
        grpc::Changed { record_id: changed.record_id }
    }
}

impl IntoWire for rest::Model {
    type Wire = grpc::Model;

    fn into_wire(self) -> grpc::Model {
        let model = self;
        grpc::Model {
            name: model.name,
            digest: model.digest,
            architecture: model.architecture,
            quantization: model.quantization,
            size_bytes: model.size_bytes,
            parameters: model.parameters,
            context_length: model.context_length,
            signer_key_id: model.signer_key_id,
            signer_name: model.signer_name,
            imported_at: model.imported_at,
            license: model.license.unwrap_or_default(),
            trusted: model.trusted,
        }
    }
}

impl IntoWire for rest::ModelList {
    type Wire = grpc::ListModelsResponse;

    fn into_wire(self) -> grpc::ListModelsResponse {
        let list = self;
        grpc::ListModelsResponse { models: list.models.into_iter().map(IntoWire::into_wire).collect() }
    }
}

impl IntoWire for rest::Signer {
    type Wire = grpc::Signer;

    fn into_wire(self) -> grpc::Signer {
        let signer = self;
        grpc::Signer {
            key_id: signer.key_id,
            name: signer.name,
            trusted_at: signer.trusted_at,
            revoked_at: signer.revoked_at.unwrap_or_default(),
        }
    }
}

impl IntoWire for rest::SignerList {
    type Wire = grpc::ListSignersResponse;

    fn into_wire(self) -> grpc::ListSignersResponse {
        // This message cannot say that a signer is trusted for some names only; it leaves those out.
        let of_fleet = self.signers.into_iter().filter(|s| s.every_name || s.revoked_at.is_some());
        grpc::ListSignersResponse { signers: of_fleet.map(IntoWire::into_wire).collect() }
    }
}

impl IntoWire for rest::Deployment {
    type Wire = grpc::Deployment;

    fn into_wire(self) -> grpc::Deployment {
        let deployment = self;
        grpc::Deployment {
            name: deployment.name,
            model_name: deployment.model_name,
            model_digest: deployment.model_digest,
            replicas: deployment.replicas,
            ready_replicas: deployment.ready_replicas,
            context_length: deployment.context_length,
            node_selector: deployment.node_selector.into_iter().collect(),
            jurisdiction: deployment.jurisdiction,
            revision: deployment.revision,
            created_at: deployment.created_at,
            max_sequences: deployment.max_sequences,
            tenant: deployment.tenant.unwrap_or_default(),
        }
    }
}

impl IntoWire for rest::DeploymentList {
    type Wire = grpc::ListDeploymentsResponse;

    fn into_wire(self) -> grpc::ListDeploymentsResponse {
        let list = self;
        grpc::ListDeploymentsResponse {
            deployments: list.deployments.into_iter().map(IntoWire::into_wire).collect(),
        }
    }
}

impl IntoWire for rest::Replica {
    type Wire = grpc::Replica;

    fn into_wire(self) -> grpc::Replica {
        let replica = self;
        grpc::Replica {
            id: replica.id,
            deployment: replica.deployment,
            model_name: replica.model_name,
            node_name: replica.node_name.unwrap_or_default(),
            phase: replica.phase.as_str().to_owned(),
            generation: replica.generation,
            restarts: replica.restarts,
            error: replica.error.unwrap_or_default(),
            progress_bytes: replica.progress_bytes,
            total_bytes: replica.total_bytes,
            isa: replica.isa.unwrap_or_default(),
            running: replica.running,
            waiting: replica.waiting,
        }
    }
}

impl IntoWire for rest::ReplicaList {
    type Wire = grpc::ListReplicasResponse;

    fn into_wire(self) -> grpc::ListReplicasResponse {
        let list = self;
        grpc::ListReplicasResponse { replicas: list.replicas.into_iter().map(IntoWire::into_wire).collect() }
    }
}

impl IntoWire for rest::NodeVerdict {
    type Wire = grpc::NodeVerdict;

    fn into_wire(self) -> grpc::NodeVerdict {
        let verdict = self;
        grpc::NodeVerdict {
            node_name: verdict.node_name,
            chosen: verdict.chosen,
            admissible: verdict.admissible,
            reason: verdict.reason,
        }
    }
}

impl IntoWire for rest::Explanation {
    type Wire = grpc::Explanation;

    fn into_wire(self) -> grpc::Explanation {
        let explanation = self;
        grpc::Explanation {
            replica: Some(explanation.replica.into_wire()),
            reasons: explanation.reasons,
            nodes: explanation.nodes.into_iter().map(IntoWire::into_wire).collect(),
            checks: explanation.checks,
            weights_bytes: explanation.weights_bytes,
            kv_bytes: explanation.kv_bytes,
            scratch_bytes: explanation.scratch_bytes,
            total_bytes: explanation.total_bytes,
        }
    }
}

impl IntoWire for rest::Node {
    type Wire = grpc::Node;

    fn into_wire(self) -> grpc::Node {
        let node = self;
        grpc::Node {
            id: node.id,
            name: node.name,
            state: node.state.as_str().to_owned(),
            region: node.region,
            jurisdiction: node.jurisdiction,
            labels: node.labels.into_iter().collect(),
            cpu: node.cpu.unwrap_or_default(),
            isa: node.isa.unwrap_or_default(),
            cores: node.cores.unwrap_or_default(),
            memory_total_bytes: node.memory_total_bytes.unwrap_or_default(),
            memory_available_bytes: node.memory_available_bytes.unwrap_or_default(),
            gpus: node.gpus,
            agent_version: node.agent_version.unwrap_or_default(),
            certificate_expires_at: node.certificate_expires_at,
            last_seen_at: node.last_seen_at.unwrap_or_default(),
            generation: node.generation,
            replicas: node.replicas,
        }
    }
}

impl IntoWire for rest::NodeList {
    type Wire = grpc::ListNodesResponse;

    fn into_wire(self) -> grpc::ListNodesResponse {
        let list = self;
        grpc::ListNodesResponse { nodes: list.nodes.into_iter().map(IntoWire::into_wire).collect() }
    }
}

impl IntoWire for rest::JoinToken {
    type Wire = grpc::CreateJoinTokenResponse;

    fn into_wire(self) -> grpc::CreateJoinTokenResponse {
        let token = self;
        grpc::CreateJoinTokenResponse {
            token: token.token,
            expires_at: token.expires_at,
            record_id: token.record_id,
        }
    }
}

impl IntoWire for rest::Key {
    type Wire = grpc::Key;

    fn into_wire(self) -> grpc::Key {
        let key = self;
        grpc::Key {
            id: key.id,
            name: key.name,
            role: key.role.as_str().to_owned(),
            models: key.models,
            created_at: key.created_at,
            expires_at: key.expires_at.unwrap_or_default(),
            revoked_at: key.revoked_at.unwrap_or_default(),
            tenant: key.tenant.unwrap_or_default(),
            last_used_at: key.last_used_at.unwrap_or_default(),
        }
    }
}

impl IntoWire for rest::KeyList {
    type Wire = grpc::ListKeysResponse;

    fn into_wire(self) -> grpc::ListKeysResponse {
        let list = self;
        grpc::ListKeysResponse { keys: list.keys.into_iter().map(IntoWire::into_wire).collect() }
    }
}

impl IntoWire for rest::NewKey {
    type Wire = grpc::CreateKeyResponse;

    fn into_wire(self) -> grpc::CreateKeyResponse {
        let new = self;
        grpc::CreateKeyResponse {
            key: Some(new.key.into_wire()),
            secret: new.secret,
            record_id: new.record_id,
        }
    }
}

impl IntoWire for rest::Record {
    type Wire = grpc::Record;

    fn into_wire(self) -> grpc::Record {
        let record = self;
        grpc::Record {
            seq: record.seq,
            id: record.id,
            kind: record.kind,
            time: record.time,
            leaf_json: record.leaf_json,
        }
    }
}

impl IntoWire for rest::RecordPage {
    type Wire = grpc::ListRecordsResponse;

    fn into_wire(self) -> grpc::ListRecordsResponse {
        let page = self;
        grpc::ListRecordsResponse {
            records: page.records.into_iter().map(IntoWire::into_wire).collect(),
            next_before_seq: page.next_before_seq.unwrap_or_default(),
        }
    }
}
