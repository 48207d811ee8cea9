//! Instances: the messenger connections of users. In the contract; served by a later version.

use contract::{
    metadata::v1::{
        CreateInstanceRequest, CreateInstanceResponse, DeleteInstanceRequest,
        DeleteInstanceResponse, GetInstanceRequest, GetInstanceResponse, ListInstancesRequest,
        ListInstancesResponse, UpdateInstanceRequest, UpdateInstanceResponse,
        instance_service_server::InstanceService,
    },
    status::unimplemented,
};
use tonic::Request;

use crate::error::Answer;

/// The rpcs of `InstanceService`.
#[derive(Debug)]
pub(crate) struct Instances;

#[tonic::async_trait]
impl InstanceService for Instances {
    async fn create_instance(
        &self,
        _: Request<CreateInstanceRequest>,
    ) -> Answer<CreateInstanceResponse> {
        Err(unimplemented("CreateInstance"))
    }

    async fn get_instance(&self, _: Request<GetInstanceRequest>) -> Answer<GetInstanceResponse> {
        Err(unimplemented("GetInstance"))
    }

    async fn list_instances(
        &self,
        _: Request<ListInstancesRequest>,
    ) -> Answer<ListInstancesResponse> {
        Err(unimplemented("ListInstances"))
    }

    async fn update_instance(
        &self,
        _: Request<UpdateInstanceRequest>,
    ) -> Answer<UpdateInstanceResponse> {
        Err(unimplemented("UpdateInstance"))
    }

    async fn delete_instance(
        &self,
        _: Request<DeleteInstanceRequest>,
    ) -> Answer<DeleteInstanceResponse> {
        Err(unimplemented("DeleteInstance"))
    }
}
